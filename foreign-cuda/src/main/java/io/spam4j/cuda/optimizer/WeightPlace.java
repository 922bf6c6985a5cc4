package io.spam4j.cuda.optimizer;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Where the weights of a parameter are, on a device or on the host. */
record WeightPlace(String name, long address, long bytes) {
  /**
   * Checks that parameters can be told apart.
   *
   * @throws IllegalArgumentException if two have one name, or weights in common
   */
  static void requireDistinct(List<WeightPlace> places) {
    Set<String> names = new HashSet<>();
    for (WeightPlace place : places) {
      if (!names.add(place.name)) {
        throw new IllegalArgumentException("parameter names must be unique: name=" + place.name);
      }
    }
    List<WeightPlace> inOrder =
        places.stream().sorted(Comparator.comparingLong(WeightPlace::address)).toList();
    for (int i = 1; i < inOrder.size(); i++) {
      WeightPlace left = inOrder.get(i - 1);
      WeightPlace right = inOrder.get(i);
      if (left.address + left.bytes > right.address) {
        throw new IllegalArgumentException(
            "weights of two parameters must not overlap: parameters=%s, %s"
                .formatted(left.name, right.name));
      }
    }
  }
}
