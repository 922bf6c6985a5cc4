package io.spam4j.tensors.internal.simd;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.AND;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.D2F;
import static jdk.incubator.vector.VectorOperators.DIV;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.IS_NAN;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.MUL;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.NEG;
import static jdk.incubator.vector.VectorOperators.NOT;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.SUB;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The first use of each vector operator and species that the loops use, before anything is
 * compiled.
 *
 * <p>The JDK looks operators and species up in tables that are filled at first uses. Code compiled
 * before a first use takes a filled table for granted, and is thrown away at one that is not; the
 * method that looks up remembers that for good. The compiler adds up what all methods remember that
 * it inlines, once for each copy, and from 100 on it takes nothing for granted in the rest of a
 * loop: a large one looks up an operator some 80 times. Then even the calls stay that throw what
 * never happens, and a vector that one of them would be given is put on the heap each time. So
 * whether large loops made garbage depended on which loops had been used before, in which order.
 */
final class FirstUses {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private FirstUses() {}

  /** Uses all of them once. */
  static void make() {
    int bits = VectorMode.BITS;
    VectorSpecies<Integer> ints = species(int.class, bits);
    VectorSpecies<Float> floats = species(float.class, bits);
    VectorSpecies<Float> halfOfFloats = species(float.class, bits / 2);
    VectorSpecies<Integer> halfOfInts = species(int.class, bits / 2);
    VectorSpecies<Double> doubles = species(double.class, bits);
    VectorSpecies<Short> shorts = species(short.class, bits / 2);
    VectorSpecies<Byte> bytes = species(byte.class, Math.max(64, bits / 4));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(bits / Byte.SIZE, 64);
      useInts(ints, memory);
      useInts(halfOfInts, memory);
      useFloats(floats, memory);
      useFloats(halfOfFloats, memory);
      useDoubles(doubles, memory);
      ShortVector.fromMemorySegment(shorts, memory, 0, ORDER).intoMemorySegment(memory, 0, ORDER);
      ByteVector.fromMemorySegment(bytes, memory, 0, ORDER).intoMemorySegment(memory, 0, ORDER);
    }
    convert(ShortVector.zero(shorts), S2I, ints);
    convert(IntVector.zero(ints), I2S, shorts);
    convert(ByteVector.zero(bytes), B2I, ints);
    convert(ByteVector.zero(bytes), ZERO_EXTEND_B2I, ints);
    convert(IntVector.zero(ints), I2B, bytes);
    convert(FloatVector.zero(halfOfFloats), F2D, doubles);
    convert(DoubleVector.zero(doubles), D2F, halfOfFloats);
  }

  private static <E> VectorSpecies<E> species(Class<E> type, int bits) {
    return VectorSpecies.of(type, VectorShape.forBitSize(bits));
  }

  private static <E, F> void convert(
      Vector<E> from, VectorOperators.Conversion<E, F> how, VectorSpecies<F> to) {
    Vector<F> _ = from.convertShape(how, to, 0);
  }

  private static void useInts(VectorSpecies<Integer> species, MemorySegment memory) {
    IntVector v = IntVector.fromMemorySegment(species, memory, 0, ORDER).addIndex(1);
    VectorMask<Integer> mask = useMasks(species.maskAll(true));
    var binary = new VectorOperators.Binary[] {ADD, SUB, MUL, AND, OR, XOR, MIN, MAX, UMIN, UMAX};
    for (VectorOperators.Binary op : binary) {
      v = v.lanewise(op, v).lanewise(op, 1).lanewise(op, v, mask);
    }
    for (VectorOperators.Binary op : new VectorOperators.Binary[] {LSHL, LSHR, ASHR}) {
      v = v.lanewise(op, 1);
    }
    for (VectorOperators.Comparison op :
        new VectorOperators.Comparison[] {EQ, NE, LT, LE, GT, GE, UGT}) {
      mask = mask.and(v.compare(op, v)).and(v.compare(op, 1));
    }
    int some = v.reduceLanes(MAX) ^ v.reduceLanes(MIN) ^ v.reduceLanes(XOR);
    v =
        v.lanewise(ABS)
            .lanewise(NEG)
            .lanewise(NOT)
            .blend(some, mask)
            .blend(IntVector.zero(species), mask);
    v.reinterpretAsFloats().reinterpretAsInts().intoMemorySegment(memory, 0, ORDER);
  }

  private static void useFloats(VectorSpecies<Float> species, MemorySegment memory) {
    FloatVector v = FloatVector.fromMemorySegment(species, memory, 0, ORDER);
    VectorMask<Float> mask = useMasks(species.maskAll(true));
    for (VectorOperators.Binary op : new VectorOperators.Binary[] {ADD, SUB, MUL, DIV, MIN, MAX}) {
      v = v.lanewise(op, v).lanewise(op, 1f).lanewise(op, v, mask);
    }
    for (VectorOperators.Comparison op :
        new VectorOperators.Comparison[] {EQ, NE, LT, LE, GT, GE}) {
      mask = mask.and(v.compare(op, v)).and(v.compare(op, 1f));
    }
    mask = mask.or(v.test(IS_NAN));
    float some = v.reduceLanes(MAX) + v.reduceLanes(MIN) + v.reduceLanes(ADD);
    v = v.lanewise(ABS).lanewise(SQRT).lanewise(NEG).blend(some, mask);
    v = v.blend(FloatVector.broadcast(species, 1), mask);
    v = v.compress(mask).expand(mask);
    v.reinterpretAsInts().reinterpretAsFloats().intoMemorySegment(memory, 0, ORDER);
  }

  private static void useDoubles(VectorSpecies<Double> species, MemorySegment memory) {
    DoubleVector v = DoubleVector.fromMemorySegment(species, memory, 0, ORDER);
    VectorMask<Double> mask = useMasks(species.maskAll(true));
    for (VectorOperators.Binary op : new VectorOperators.Binary[] {ADD, SUB, MUL, DIV, MIN, MAX}) {
      v = v.lanewise(op, v).lanewise(op, v, mask);
    }
    for (VectorOperators.Comparison op :
        new VectorOperators.Comparison[] {EQ, NE, LT, LE, GT, GE}) {
      mask = mask.and(v.compare(op, v));
    }
    double some = v.reduceLanes(MAX) + v.reduceLanes(MIN) + v.reduceLanes(ADD);
    v = v.lanewise(ABS).sqrt().lanewise(NEG).blend(some, mask);
    v = v.blend(DoubleVector.broadcast(species, 1), mask);
    v.intoMemorySegment(memory, 0, ORDER);
  }

  private static <E> VectorMask<E> useMasks(VectorMask<E> mask) {
    VectorMask<E> some = VectorMask.fromLong(mask.vectorSpecies(), mask.toLong());
    some = some.and(mask).or(mask).andNot(mask).not();
    boolean is = some.anyTrue() || some.allTrue() || some.trueCount() > 0;
    return is ? some : mask;
  }
}
