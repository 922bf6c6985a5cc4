package io.spam4j.engine.internal.kernel;

import static io.spam4j.tensors.internal.simd.MomentCodes.BLOCK;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.CUT;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.LEAST;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.MOST;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.OFFSET;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.XOR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.tensors.internal.simd.MomentGrid;
import io.spam4j.tensors.internal.simd.RoundingBits;
import io.spam4j.tensors.internal.simd.RoundingBitsVector;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * The vector update of moments that are codes of 8 bits, with the bits of {@link
 * io.spam4j.tensors.internal.simd.MomentCodes} before and behind {@link UpdateScalar}. Each block
 * is gone through twice: for its new moments, which are kept as float32, and then, when its grid is
 * known, for codes and weights. So nothing of a block has changed where it stops.
 */
final class UpdateCodes implements UpdateLoop {
  /*
   * Written as UpdateVector is, and for the same reasons. It is bound by arithmetic, not memory. In one
   * loop a vector's 125 instructions are one long chain, of which a processor has two in flight at
   * most; two loops of half that length are faster. A block nearly always keeps its grid, so that the
   * second one does not wait for what the first has found.
   *
   * Shifts are by an int that all lanes share: those by a vector of counts take a third longer.
   * Floats that are not negative are compared as ints where that is one instruction, not five.
   */
  private static final UpdateForm FORM = UpdateLoops.form(MethodHandles.lookup());

  private static final boolean PLAIN = FORM.settings() != Settings.ANY;
  private static final boolean BARE = FORM.settings() == Settings.BARE;
  private static final boolean HALF_GRADIENT = FORM.halfGradient();
  private static final boolean HALF_WEIGHTS = FORM.weights() != Weights.F32;
  private static final boolean SPLIT = FORM.weights() == Weights.SPLIT;
  private static final boolean ROUNDS_WEIGHTS = FORM.weights() == Weights.BF16_STOCHASTIC;

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);

  private static final VectorSpecies<Short> H =
      VectorSpecies.of(short.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  /** Codes of a vector; at 128 bits there are none so short, and there is no loop. */
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, VectorMode.BITS / 4)));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = S.length();
  private static final long GRADIENT_BYTES = BLOCK * (HALF_GRADIENT ? 2L : 4L);
  private static final long WEIGHT_BYTES = BLOCK * (HALF_WEIGHTS ? 2L : 4L);

  UpdateCodes() {}

  @Override
  public int length() {
    return LENGTH;
  }

  /** Updates whole blocks, and stops before one of them; else as {@link UpdateLoop} says. */
  @Override
  public long run(Operands o, long from, long end, UpdateCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment low = o.weightsLow;
    MemorySegment g = o.gradient;
    MemorySegment m = o.firstMoment;
    MemorySegment v = o.secondMoment;
    MemorySegment grids = o.grids;
    MemorySegment firsts = o.blockOfFirst;
    MemorySegment roots = o.blockOfRoots;
    if (!(w.isNative()
        && g.isNative()
        && m.isNative()
        && v.isNative()
        && low.isNative()
        && grids.isNative()
        && firsts.isNative()
        && roots.isNative())) {
      throw VectorMode.notNative();
    }
    FloatVector zero = FloatVector.zero(S);
    FloatVector ratio = FloatVector.broadcast(S, UsualBounds.ratio(c, tally));
    IntVector boundOfZero =
        IntVector.broadcast(I, Float.floatToRawIntBits(UsualBounds.squareWithoutHistory(c)));
    FloatVector limit = PLAIN ? zero : FloatVector.broadcast(S, UsualBounds.limit(c));
    IntVector largestSquare =
        IntVector.broadcast(
            I, Float.floatToRawIntBits(PLAIN ? UsualBounds.square(c) : Float.MAX_VALUE));
    @Nullable VectorMask<Float> coupled = PLAIN ? null : S.maskAll(c.coupledDecay != 0);
    @Nullable VectorMask<Float> decays = BARE ? null : S.maskAll(c.decayAfter != 0);
    boolean moves = c.movesWeights();
    int start = RoundingBits.start(o.mixedKey, from);
    FloatVector gradientScale = BARE ? zero : FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = BARE ? zero : FloatVector.broadcast(S, c.normScale);
    FloatVector coupledDecay = PLAIN ? zero : FloatVector.broadcast(S, c.coupledDecay);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector beta2 = FloatVector.broadcast(S, c.beta2);
    FloatVector oneMinusBeta2 = FloatVector.broadcast(S, c.oneMinusBeta2);
    FloatVector flushBelow = FloatVector.broadcast(S, c.flushBelow);
    FloatVector epsilon = FloatVector.broadcast(S, c.epsilon);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector decayBefore = BARE ? zero : FloatVector.broadcast(S, c.decayBefore);
    FloatVector decayAfter = BARE ? zero : FloatVector.broadcast(S, c.decayAfter);
    FloatVector offset = FloatVector.broadcast(S, OFFSET);
    IntVector largestCode = IntVector.broadcast(I, MOST);
    IntVector multiplier = IntVector.broadcast(I, RoundingBits.MULTIPLIER);
    IntVector least = IntVector.broadcast(I, LEAST);
    IntVector wordStep = IntVector.broadcast(I, RoundingBitsVector.STEP);
    IntVector signBit = IntVector.broadcast(I, Integer.MIN_VALUE);
    IntVector nothing = IntVector.zero(I);
    IntVector everything = IntVector.broadcast(I, Integer.MAX_VALUE);
    for (long block = from; block < end; block += BLOCK) {
      int grid = grids.get(JAVA_INT_UNALIGNED, block / BLOCK * Integer.BYTES);
      if (grid > MomentGrid.LARGEST) {
        return block;
      }
      MemorySegment blockG = g.asSlice(block * (HALF_GRADIENT ? 2 : 4), GRADIENT_BYTES);
      MemorySegment blockM = m.asSlice(block, BLOCK);
      MemorySegment blockV = v.asSlice(block, BLOCK);
      MemorySegment blockW = w.asSlice(block * (HALF_WEIGHTS ? 2 : 4), WEIGHT_BYTES);
      MemorySegment blockLow = SPLIT ? low.asSlice(block * 2, WEIGHT_BYTES) : low;
      MemorySegment blockFirsts = firsts.asSlice(0, BLOCK * 4L);
      MemorySegment blockRoots = roots.asSlice(0, BLOCK * 4L);
      int shiftBefore = MomentGrid.shift(grid);
      IntVector floorsBefore = IntVector.broadcast(I, MomentGrid.floor(grid));
      IntVector largestRoot = nothing;
      IntVector leastRoot = everything;
      for (int n = 0; n < BLOCK; n += LENGTH) {
        FloatVector raw;
        if (HALF_GRADIENT) {
          ShortVector half = ShortVector.fromMemorySegment(H, blockG, n * 2L, ORDER);
          raw = ((IntVector) half.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
        } else {
          raw = FloatVector.fromMemorySegment(S, blockG, n * 4L, ORDER);
        }
        IntVector k =
            (IntVector)
                ByteVector.fromMemorySegment(B, blockV, n, ORDER)
                    .convertShape(ZERO_EXTEND_B2I, I, 0);
        VectorMask<Integer> noHistory = k.compare(EQ, nothing);
        FloatVector rootBefore =
            k.lanewise(LSHL, shiftBefore)
                .add(floorsBefore)
                .blend(nothing, noHistory)
                .reinterpretAsFloats();
        IntVector j =
            (IntVector) ByteVector.fromMemorySegment(B, blockM, n, ORDER).convertShape(B2I, I, 0);
        FloatVector first =
            j.lanewise(ABS)
                .add(least)
                .lanewise(LSHL, CUT)
                .reinterpretAsFloats()
                .sub(offset)
                .mul(rootBefore)
                .reinterpretAsInts()
                .or(j.and(signBit))
                .reinterpretAsFloats();
        FloatVector second = rootBefore.mul(rootBefore);

        // Neither is subnormal, and both are finite; so what they are compared with is no NaN.
        FloatVector scaled = BARE ? raw : raw.mul(gradientScale);
        FloatVector gradient = BARE ? raw : scaled.mul(normScale);
        if (!PLAIN) {
          FloatVector weight = zero;
          if (SPLIT) {
            ShortVector high = ShortVector.fromMemorySegment(H, blockW, n * 2L, ORDER);
            ShortVector rest = ShortVector.fromMemorySegment(H, blockLow, n * 2L, ORDER);
            weight =
                ((IntVector) high.convertShape(S2I, I, 0))
                    .lanewise(LSHL, 16)
                    .add((IntVector) rest.convertShape(S2I, I, 0))
                    .reinterpretAsFloats();
          } else if (HALF_WEIGHTS) {
            ShortVector high = ShortVector.fromMemorySegment(H, blockW, n * 2L, ORDER);
            weight =
                ((IntVector) high.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
          } else {
            weight = FloatVector.fromMemorySegment(S, blockW, n * 4L, ORDER);
          }
          gradient = gradient.add(weight.mul(coupledDecay), coupled);
        }
        FloatVector square = gradient.mul(gradient);
        FloatVector bound =
            second
                .mul(ratio)
                .reinterpretAsInts()
                .blend(boundOfZero, noHistory)
                .min(largestSquare)
                .reinterpretAsFloats();
        VectorMask<Float> isUsual = square.compare(LE, bound);
        if (!PLAIN) {
          isUsual = isUsual.and(scaled.lanewise(ABS).compare(LE, limit));
        }
        if (!isUsual.allTrue()) {
          return block;
        }

        first = first.mul(beta1).add(gradient.mul(oneMinusBeta1));
        first = first.blend(zero, first.lanewise(ABS).compare(LT, flushBelow));
        second = second.mul(beta2).add(square.mul(oneMinusBeta2));
        FloatVector root = second.lanewise(SQRT).blend(zero, second.compare(LT, flushBelow));
        first.intoMemorySegment(blockFirsts, n * 4L, ORDER);
        root.intoMemorySegment(blockRoots, n * 4L, ORDER);
        largestRoot = largestRoot.max(root.reinterpretAsInts());
        leastRoot = leastRoot.min(root.reinterpretAsInts());
      }

      int most = largestRoot.reduceLanes(MAX);
      int fewest = leastRoot.reduceLanes(MIN);
      if (!MomentGrid.keeps(grid, most, fewest)) {
        grid = MomentGrid.chosen(most, fewest);
        grids.set(JAVA_INT_UNALIGNED, block / BLOCK * Integer.BYTES, grid);
      }
      int shift = MomentGrid.shift(grid);
      int floor = MomentGrid.floor(grid);
      int kept = -1 << shift;
      IntVector floors = IntVector.broadcast(I, floor);
      IntVector firstRoot = IntVector.broadcast(I, floor - kept);
      IntVector lastRoot = IntVector.broadcast(I, floor + (255 << shift));
      IntVector keptBits = IntVector.broadcast(I, kept);
      IntVector droppedBits = IntVector.broadcast(I, ~kept);
      IntVector words = RoundingBitsVector.WORDS.add(start);
      start += BLOCK / LENGTH * RoundingBitsVector.STEP;
      for (int n = 0; n < BLOCK; n += LENGTH) {
        FloatVector first = FloatVector.fromMemorySegment(S, blockFirsts, n * 4L, ORDER);
        FloatVector root = FloatVector.fromMemorySegment(S, blockRoots, n * 4L, ORDER);

        IntVector random = words.lanewise(XOR, words.lanewise(LSHR, 16)).mul(multiplier);
        random = random.lanewise(XOR, random.lanewise(LSHR, 15));
        IntVector bits = random.lanewise(XOR, RoundingBitsVector.INVERTED);
        IntVector r = root.reinterpretAsInts();
        IntVector s = r.min(lastRoot).add(bits.and(droppedBits)).and(keptBits).max(firstRoot);
        IntVector code = s.sub(floors).lanewise(LSHR, shift).blend(nothing, r.compare(EQ, nothing));
        ((ByteVector) code.convertShape(I2B, B, 0)).intoMemorySegment(blockV, n, ORDER);
        IntVector x =
            first
                .lanewise(ABS)
                .div(s.reinterpretAsFloats())
                .add(offset)
                .reinterpretAsInts()
                .min(largestCode);
        IntVector magnitude =
            x.add(bits.lanewise(LSHR, Integer.SIZE - CUT)).lanewise(LSHR, CUT).sub(least);
        IntVector sign = first.reinterpretAsInts().lanewise(ASHR, 31);
        ((ByteVector) magnitude.lanewise(XOR, sign).sub(sign).convertShape(I2B, B, 0))
            .intoMemorySegment(blockM, n, ORDER);
        words = words.add(wordStep);

        if (moves) {
          FloatVector weight;
          if (SPLIT) {
            ShortVector high = ShortVector.fromMemorySegment(H, blockW, n * 2L, ORDER);
            ShortVector rest = ShortVector.fromMemorySegment(H, blockLow, n * 2L, ORDER);
            weight =
                ((IntVector) high.convertShape(S2I, I, 0))
                    .lanewise(LSHL, 16)
                    .add((IntVector) rest.convertShape(S2I, I, 0))
                    .reinterpretAsFloats();
          } else if (HALF_WEIGHTS) {
            ShortVector high = ShortVector.fromMemorySegment(H, blockW, n * 2L, ORDER);
            weight =
                ((IntVector) high.convertShape(S2I, I, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
          } else {
            weight = FloatVector.fromMemorySegment(S, blockW, n * 4L, ORDER);
          }
          FloatVector denominator = root.add(epsilon);
          FloatVector direction = first.div(denominator);
          if (!PLAIN) {
            direction = zero.blend(direction, denominator.compare(NE, zero));
          }
          if (BARE) {
            weight = weight.sub(direction.mul(stepSize));
          } else {
            weight = weight.mul(decayBefore).sub(direction.mul(stepSize));
            weight = weight.sub(weight.mul(decayAfter), decays);
          }
          if (HALF_WEIGHTS) {
            IntVector whole = weight.reinterpretAsInts();
            IntVector upper;
            if (SPLIT) {
              upper = whole.add(0x8000);
              ((ShortVector) whole.convertShape(I2S, H, 0))
                  .intoMemorySegment(blockLow, n * 2L, ORDER);
            } else if (ROUNDS_WEIGHTS) {
              IntVector third = random.mul(RoundingBits.THIRD).lanewise(LSHR, 16);
              upper = whole.add(third.lanewise(XOR, RoundingBitsVector.ODD));
            } else {
              upper = whole.add(whole.lanewise(LSHR, 16).and(1)).add(0x7fff);
            }
            ((ShortVector) upper.lanewise(LSHR, 16).convertShape(I2S, H, 0))
                .intoMemorySegment(blockW, n * 2L, ORDER);
          } else {
            weight.intoMemorySegment(blockW, n * 4L, ORDER);
          }
        }
      }
    }
    return end;
  }
}
