package io.spam4j.cuda.optimizer;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Where the weights of a parameter are, on a device or on the host. */
record WeightRange(String name, long address, long bytes) {
  /**
   * Checks that parameters can be told apart.
   *
   * @throws IllegalArgumentException if two have one name, or weights in common
   */
  static void requireDistinct(List<WeightRange> ranges) {
    Set<String> names = new HashSet<>();
    for (WeightRange range : ranges) {
      if (!names.add(range.name)) {
        throw new IllegalArgumentException("parameter names must be unique: name=" + range.name);
      }
    }
    List<WeightRange> inOrder =
        ranges.stream().sorted(Comparator.comparingLong(WeightRange::address)).toList();
    for (int i = 1; i < inOrder.size(); i++) {
      WeightRange left = inOrder.get(i - 1);
      WeightRange right = inOrder.get(i);
      if (left.address + left.bytes > right.address) {
        throw new IllegalArgumentException(
            "weights of two parameters must not overlap: parameters=%s, %s"
                .formatted(left.name, right.name));
      }
    }
  }
}
