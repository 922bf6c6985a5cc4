#!/bin/sh
# Fuzzes what reads files that no one has to trust, guided by coverage; see docs/fuzzing.md.
#
#   tools/fuzz.sh                     the safetensors reader, one minute
#   tools/fuzz.sh SECONDS [TARGET]    targets: safetensors, checkpoint
#
# Inputs that reach new code are added to MODULE/src/test/resources/fuzz/TARGET. An input that
# breaks the target stays in MODULE/target/fuzz/TARGET.
#
# Exit codes: 0 nothing found; 77 an input breaks the target; others: the build or Jazzer failed.
set -eu

seconds=${1:-60}
target=${2:-safetensors}
case $target in
  safetensors)
    module=tensors
    class=io.spam4j.tensors.safetensors.SafetensorsFuzzTarget
    # The coverage of these guides the fuzzer; their oracle and the target itself would distract it.
    p=io.spam4j.tensors
    guides=$p.safetensors.Safetensors:$p.safetensors.SafetensorsHeader**
    guides=$guides:$p.safetensors.SafetensorsJson:$p.Tensor:$p.DType
    ;;
  checkpoint)
    module=engine
    class=io.spam4j.engine.checkpoint.CheckpointFuzzTarget
    p=io.spam4j.engine.checkpoint
    guides=$p.Checkpoint:$p.CheckpointParser**:$p.CheckpointFormat:$p.CheckpointMatch
    guides=$guides:io.spam4j.engine.internal.step.Restoration
    guides=$guides:io.spam4j.tensors.mask.MaskRestore:io.spam4j.tensors.mask.GapCodec
    ;;
  *)
    printf 'fuzz: no such target: target=%s\n' "$target" >&2
    exit 2
    ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd -P)
JAVA_HOME=$("$root/spam4j" jdk)
export JAVA_HOME
cd "$root"
mvn -B -q -ntp -Pfuzz -pl "$module" -am test-compile dependency:build-classpath \
  -Dmdep.outputFile=target/fuzz-class-path.txt

corpus=$root/$module/src/test/resources/fuzz/$target
work=$root/$module/target/fuzz/$target
sanitizers=com.code_intelligence.jazzer.sanitizers
shm=/dev/shm # in memory where there is one: each input is written to a file, and some are forced to disk
[ -w "$shm" ] || shm=${TMPDIR:-/tmp}
tmp=$(mktemp -d "$shm/fuzz.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$corpus" "$work/new"

# jazzer ARGUMENTS: of the folders, the first takes what is found. Sanitizers that would put file
# names and regular expressions of their own into the inputs are off.
jazzer() {
  "$JAVA_HOME/bin/java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
    --sun-misc-unsafe-memory-access=allow -XX:+EnableDynamicAgentLoading -Xmx1g \
    -Djava.io.tmpdir="$tmp" \
    -cp "$module/target/test-classes:$module/target/classes:tensors/target/classes:$(cat "$module/target/fuzz-class-path.txt")" \
    com.code_intelligence.jazzer.Jazzer --target_class="$class" \
    --instrumentation_includes="$guides" --custom_hook_includes="$guides" \
    --disabled_hooks="$sanitizers.FilePathTraversal:$sanitizers.RegexRoadblocks:$sanitizers.RegexInjection" \
    --reproducer_path="$work" "$@"
}

jazzer --coverage_report="$work/coverage.txt" -artifact_prefix="$work/" -dict="$corpus.dict" \
  -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
  "$work/new" "$corpus"
jazzer -merge=1 "$corpus" "$work/new"
rm -rf "$work/new"
cat "$work/coverage.txt"
printf '\nfuzz: nothing found: target=%s, seconds=%s, corpus files=%s\n' \
  "$target" "$seconds" "$(find "$corpus" -type f | wc -l)"
