package io.spam4j.examples.llama;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.javacpp.pytorch.TorchParameters;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A model that works on both halves of a batch at once: two copies on the same weights, each on a
 * thread of its own, whose gradients are added at the end.
 */
public final class Shards implements AutoCloseable {
  /*
   * libtorch's own threads meet at a barrier after each operation, which costs small models more
   * than it gives, and a great deal on a busy machine. Two halves meet once a step, and there are
   * always two, so that the numbers do not depend on the machine's cores.
   */
  private final Llama model;
  private final Llama twin;
  private final TorchParameters parameters;
  private final TorchParameters twinParameters;
  private final Executor helper;

  /**
   * Takes over the model and closes it at the end.
   *
   * @param helper one thread for the second half of each batch
   */
  public Shards(Llama model, Executor helper) {
    this.model = model;
    this.helper = helper;
    twin = model.sharingWeights();
    parameters = TorchParameters.of(model.parameters());
    twinParameters = TorchParameters.of(twin.parameters());
    openblas_nolapack.blas_set_num_threads(1);
  }

  public List<Parameter> parameters() {
    return parameters.parameters();
  }

  /** The gradients of the last {@link #backward}. */
  public Gradients gradients() {
    return parameters.gradients();
  }

  /** Leaves the gradients of the batch's mean loss and returns the loss. */
  public double backward(Batch batch) {
    parameters.zeroGradients();
    twinParameters.zeroGradients();
    double loss =
        mean(
            batch,
            (llama, part) -> {
              Tensor partLoss = llama.loss(part);
              partLoss.mul(new Scalar((double) part.tokens() / batch.tokens())).backward();
              return partLoss.item_float();
            });
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      model
          .parameters()
          .forEach(
              (name, weights) -> {
                Tensor other = twin.weights(name).grad();
                if (other.defined()) {
                  weights.grad().add_(other);
                }
              });
    }
    return loss;
  }

  /** The mean loss over all bytes of all batches. */
  public double loss(List<Batch> batches) {
    double sum = 0;
    long tokens = 0;
    for (Batch batch : batches) {
      sum += batch.tokens() * mean(batch, Shards::lossOnly);
      tokens += batch.tokens();
    }
    return sum / tokens;
  }

  private static double lossOnly(Llama llama, Batch part) {
    try (var _ = new NoGradGuard()) {
      return llama.loss(part).item_float();
    }
  }

  @FunctionalInterface
  private interface PartLoss {
    double of(Llama llama, Batch part);
  }

  private double mean(Batch batch, PartLoss loss) {
    int half = (batch.sequences() + 1) / 2;
    Batch first = batch.slice(0, half);
    if (half == batch.sequences()) {
      return onThisThread(loss, model, first);
    }
    Batch second = batch.slice(half, batch.sequences());
    var other = CompletableFuture.supplyAsync(() -> onThisThread(loss, twin, second), helper);
    double firstLoss;
    try {
      firstLoss = onThisThread(loss, model, first);
    } finally {
      other.exceptionally(_ -> Double.NaN).join(); // The helper must be done with the memory.
    }
    return (firstLoss * first.tokens() + result(other) * second.tokens()) / batch.tokens();
  }

  private static double result(CompletableFuture<Double> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw new IllegalStateException("half a batch failed: cause=" + e.getCause(), e);
    }
  }

  private static double onThisThread(PartLoss loss, Llama llama, Batch part) {
    torch.set_num_threads(1); // A setting of each thread.
    try (var _ = new PointerScope()) {
      return loss.of(llama, part);
    }
  }

  @Override
  public void close() {
    twinParameters.close();
    parameters.close();
    twin.close();
    model.close();
  }
}
