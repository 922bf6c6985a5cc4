package io.spam4j.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
  private static final int SAMPLES = 1 << 18;

  /** The "philox4x32 10" lines of kat_vectors in Random123. */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
  })
  void block_knownAnswers(String counter, String key, String expected) {
    long low = Philox.block(words(counter, 0), words(counter, 2), words(key, 0), false);
    long high = Philox.block(words(counter, 0), words(counter, 2), words(key, 0), true);

    assertThat("%08x %08x %08x %08x".formatted((int) low, low >>> 32, (int) high, high >>> 32))
        .isEqualTo(expected);
  }

  private static long words(String text, int first) {
    String[] words = text.split(" ", -1);
    return Long.parseUnsignedLong(words[first + 1] + words[first], 16);
  }

  @Test
  void stream_counterIsBlockThenFnvOfNameAndInterval() {
    // FNV-1a-64 of the bytes 61 07 00 00 00 00 00 00 00, computed apart.
    long hash = 0xCBF29CE484222325L;
    for (int b : new int[] {0x61, 7, 0, 0, 0, 0, 0, 0, 0}) {
      hash = (hash ^ b) * 0x100000001B3L;
    }
    Philox stream = Philox.stream(42, "a", 7);

    for (int element = 0; element < 9; element++) {
      long pair = Philox.block(element / 4, hash, 42, element % 4 >= 2);
      assertThat(stream.bits(element)).isEqualTo((int) (pair >>> (32 * (element % 2))));
    }
  }

  /** From a second implementation, in Python: a change here changes every seeded run. */
  @Test
  void stream_valuesNeverChange() {
    Philox stream = Philox.stream(-1, "layers.0.größe", 1L << 40);

    assertThat(stream.bits(3)).isEqualTo(-1811444011);
    assertThat(stream.uniform(1L << 35)).isEqualTo(0.77052593f);
    assertThat(stream.uniformDouble(5)).isEqualTo(0.46514375004977104);
    assertThat(stream.gaussian(6)).isEqualTo(-0.14462129506448895);
    assertThat(stream.gaussian(7)).isEqualTo(1.8826075868891043);
    assertThat(stream.below(8, Long.MAX_VALUE)).isEqualTo(1525412739387762277L);
    assertThat(stream.bits(-1)).isEqualTo(1224087036);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 7", "64, -1", "300, 4294967290"})
  void blocks_areThoseOfOneAtATime(int count, long first) {
    Philox stream = Philox.stream(0xF123456789ABCDEFL, "blocks", 2);
    long[] low = new long[count + 1];
    long[] high = new long[count + 1];

    stream.blocks(first, count, low, high);

    for (int i = 0; i < count; i++) {
      // A bound of 2^62 gives the upper 62 bits of one half.
      assertThat(stream.below(2 * (first + i), 1L << 62)).isEqualTo(low[i] >>> 2);
      assertThat(stream.below(2 * (first + i) + 1, 1L << 62)).isEqualTo(high[i] >>> 2);
      assertThat(stream.bits(4 * (first + i))).isEqualTo((int) low[i]);
      assertThat(stream.bits(4 * (first + i) + 2)).isEqualTo((int) high[i]);
    }
    assertThat(low[count]).isZero();
    assertThat(high[count]).isZero();
  }

  @Property(tries = 200, seed = "20261122")
  void draws_doNotDependOnHistory(
      @ForAll long seed, @ForAll String name, @ForAll long interval, @ForAll long element) {
    Philox used = Philox.stream(seed, name, interval);
    for (long i = element - 5; i <= element + 5; i++) {
      used.bits(i);
      used.gaussian(i);
    }
    Philox fresh = Philox.stream(seed, name, interval);

    assertThat(used.bits(element)).isEqualTo(fresh.bits(element));
    assertThat(used.uniform(element)).isEqualTo(fresh.uniform(element));
    assertThat(used.uniformDouble(element)).isEqualTo(fresh.uniformDouble(element));
    assertThat(used.gaussian(element)).isEqualTo(fresh.gaussian(element));
    assertThat(used.below(element, 1000)).isEqualTo(fresh.below(element, 1000));
  }

  @ParameterizedTest
  @CsvSource({"1, a, 0", "0, b, 0", "0, a, 1", "0, a, 4294967296", "0, '', 0"})
  void stream_everyArgumentMatters(long seed, String name, long interval) {
    Philox base = Philox.stream(0, "a", 0);
    Philox other = Philox.stream(seed, name, interval);

    int equal = 0;
    for (int i = 0; i < 1000; i++) {
      equal += base.bits(i) == other.bits(i) ? 1 : 0;
    }
    assertThat(equal).isZero();
  }

  @Test
  void bits_eachIsSetHalfTheTime() {
    Philox stream = Philox.stream(1, "bits", 0);
    int[] ones = new int[Integer.SIZE];
    for (int i = 0; i < SAMPLES; i++) {
      int bits = stream.bits(i);
      for (int bit = 0; bit < ones.length; bit++) {
        ones[bit] += bits >>> bit & 1;
      }
    }
    for (int count : ones) {
      assertThat(count / (double) SAMPLES).isCloseTo(0.5, within(0.005)); // 5 sigma
    }
  }

  @Test
  void uniform_meanVarianceAndRange() {
    Philox stream = Philox.stream(2, "uniform", 0);
    Moments floats = new Moments();
    Moments doubles = new Moments();
    for (int i = 0; i < SAMPLES; i++) {
      floats.add(stream.uniform(i));
      doubles.add(stream.uniformDouble(i));
    }
    for (Moments moments : new Moments[] {floats, doubles}) {
      assertThat(moments.min).isBetween(0.0, 1e-4);
      assertThat(moments.max).isBetween(1 - 1e-4, Math.nextDown(1.0));
      assertThat(moments.mean()).isCloseTo(0.5, within(0.003)); // 5 sigma
      assertThat(moments.variance()).isCloseTo(1 / 12.0, within(0.001));
    }
  }

  @Test
  void gaussian_momentsAndTails() {
    Philox stream = Philox.stream(3, "gaussian", 0);
    Moments moments = new Moments();
    double lag = 0;
    int outside = 0;
    for (int i = 0; i < SAMPLES; i++) {
      double x = stream.gaussian(i);
      moments.add(x);
      lag += x * stream.gaussian(i ^ 1);
      outside += Math.abs(x) > 1.959963984540054 ? 1 : 0;
    }
    assertThat(moments.mean()).isCloseTo(0, within(0.01)); // 5 sigma
    assertThat(moments.variance()).isCloseTo(1, within(0.014));
    assertThat(lag / SAMPLES).isCloseTo(0, within(0.014)); // cosine and sine of a pair
    assertThat(outside / (double) SAMPLES).isCloseTo(0.05, within(0.0022));
    assertThat(moments.max).isBetween(4.0, 8.6);
  }

  @Test
  void below_everyValueEquallyOften() {
    Philox stream = Philox.stream(4, "below", 0);
    int[] counts = new int[7];
    for (int i = 0; i < SAMPLES; i++) {
      counts[(int) stream.below(i, counts.length)]++;
    }
    for (int count : counts) {
      assertThat(count / (double) SAMPLES).isCloseTo(1 / 7.0, within(0.0035)); // 5 sigma
    }
  }

  @Property(tries = 500, seed = "20261123")
  void below_staysInRange(@ForAll long element, @ForAll @LongRange(min = 1) long bound) {
    assertThat(Philox.stream(5, "range", 0).below(element, bound)).isBetween(0L, bound - 1);
  }

  @Test
  void below_boundNotPositive() {
    Philox stream = Philox.stream(0, "", 0);

    assertThatThrownBy(() -> stream.below(0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("bound must be positive: bound=0");
  }

  @Test
  void draws_allocateNothing() {
    Philox stream = Philox.stream(6, "allocation", 0);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    drawAll(stream, 1000);
    long overhead = -threads.getCurrentThreadAllocatedBytes();
    overhead += threads.getCurrentThreadAllocatedBytes();

    // StrictMath has an array that only compiled code does without: on a busy machine that takes
    // time.
    long bytes = Long.MAX_VALUE;
    double sum = 0;
    for (int round = 0; round < 30_000 && bytes != overhead; round++) {
      bytes = -threads.getCurrentThreadAllocatedBytes();
      sum += drawAll(stream, 1000);
      bytes += threads.getCurrentThreadAllocatedBytes();
    }

    assertThat(sum).isNotNaN();
    assertThat(bytes).isEqualTo(overhead);
  }

  private static double drawAll(Philox stream, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += stream.bits(i) + stream.uniform(i) + stream.uniformDouble(i);
      sum += stream.gaussian(i) + stream.below(i, 10);
    }
    return sum;
  }

  private static final class Moments {
    private int count;
    private double sum;
    private double squares;
    private double min = Double.POSITIVE_INFINITY;
    private double max = Double.NEGATIVE_INFINITY;

    void add(double x) {
      count++;
      sum += x;
      squares += x * x;
      min = Math.min(min, x);
      max = Math.max(max, x);
    }

    double mean() {
      return sum / count;
    }

    double variance() {
      return squares / count - mean() * mean();
    }
  }
}
