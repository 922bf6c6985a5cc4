"""Files that claim, steer or break: tools/spam4j_state.py says one line and exits with 1."""

import contextlib
import io
import json
import os
import pathlib
import resource
import sys
import threading
import zipfile

import torch

sys.path.insert(0, os.path.dirname(sys.argv[1]))
import spam4j_checkpoint as files  # noqa: E402
import spam4j_state as tool  # noqa: E402

FOLDER = pathlib.Path(sys.argv[2])
GROUP = {
    "learningRate": "0.1",
    "weightDecay": "0.0",
    "beta1": "0.9",
    "beta2": "0.999",
    "epsilon": "1.0E-8",
    "spikeThreshold": "50.0",
    "density": "0.5",
}


def run(*words):
    """Exit code, output and errors of a command, which may take 100 MB."""
    out, err = io.StringIO(), io.StringIO()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = tool.main([str(word) for word in words])
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000, (words, grown)
    return code, out.getvalue(), err.getvalue()


def refused(rule, *words):
    """A command says one line with this rule in it, and exits with 1."""
    code, _, err = run(*words)
    assert code == 1 and rule in err and err.count("\n") == 1, (words, code, err)
    assert "Traceback" not in err and "\x1b" not in err, (words, err)


def checkpoint(name, parameter, **changed):
    """Writes a checkpoint of SPAM with one parameter."""
    path = FOLDER / "checkpoint.safetensors"
    settings = {**files.PRESETS["spam"], "seed": "0"}
    saved = files.Checkpoint("spam", 3, settings, {name: parameter}, **changed)
    files.write_checkpoint(str(path), saved)
    return path


def masked(shape):
    """A parameter, two weights of which have moments; of any shape."""
    state = {key: torch.zeros(2) for key in ("exp_avg", "exp_avg_sq")}
    mask = files.Mask(torch.tensor([1, 3]), shape, 8)
    return files.Parameter(shape, GROUP, 3, 3, state=state, mask=mask)


def raw(name, header, data=b""):
    """A safetensors file with any header."""
    text = json.dumps(header).encode()
    path = FOLDER / name
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def claims():
    """A small file that claims a large parameter."""
    path = checkpoint("w", masked([800_000_000]))
    assert path.stat().st_size < 4000
    assert run("verify", path)[0] == 0
    code, out, _ = run("show", path)
    assert code == 0 and "mask: 2 of 800000000" in out, out
    refused("mask must be as large", "to-torch", path, FOLDER / "out.pt", "--names", "w")
    assert not (FOLDER / "out.pt").exists()
    vast = {"one": torch.zeros(1).expand(800_000_000)}
    torch.save({"state": vast, "param_groups": []}, FOLDER / "vast.pt")
    words = ["from-torch", FOLDER / "vast.pt", FOLDER / "out", "--optimizer", "adam"]
    refused("a tensor must fit its storage", *words)
    with zipfile.ZipFile(FOLDER / "packed.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(200_000_000))
    refused("must be stored, not packed", words[0], FOLDER / "packed.pt", *words[2:])


def breaks():
    """Files that are no checkpoints, each in its own way."""
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    for i, header in enumerate(
        [
            [1],
            7,
            {"__metadata__": [1]},
            {"__metadata__": {"spam4j.format": 1}},
            {"t": 5},
            {"t": {**tensor, "shape": [float("inf")]}},
            {"t": {**tensor, "shape": None}},
            {"t": {**tensor, "data_offsets": [0]}},
        ]
    ):
        refused("file", "show", raw(f"broken{i}", header, bytes(4)))
    refused("file", "show", FOLDER)
    refused("file", "show", FOLDER / "none")
    os.mkfifo(FOLDER / "pipe")
    refused("regular file", "verify", FOLDER / "pipe")
    refused("regular file", "from-torch", FOLDER / "pipe", FOLDER / "out", "--optimizer", "adam")
    path = checkpoint("w", masked([4]))
    refused("regular file", "to-torch", path, FOLDER / "pipe", "--names", "w")
    refused("cause=", "to-torch", path, FOLDER / "no" / "out.pt", "--names", "w")
    names = FOLDER / "names"
    names.write_bytes(b"\xff\xfe")
    refused("cause=", "to-torch", path, FOLDER / "out.pt", "--names", names)
    for i, state in enumerate(
        [[], {"state": 1, "param_groups": 2}, {"state": {}, "param_groups": [3]}, {1: 2}]
    ):
        torch.save(state, FOLDER / f"state{i}.pt")
        words = ["from-torch", FOLDER / f"state{i}.pt", FOLDER / "out", "--optimizer", "adam"]
        refused("must", *words, "--names", "w")


def steers():
    """Names that would steer the terminal."""
    path = checkpoint("\x1b[2Jw\nx", masked([4]), notes={"\x1b]0;n\x07": "\x9b1m"})
    code, out, err = run("show", path)
    assert code == 0 and not err and "\\x1b[2Jw\\nx [4]" in out, (code, out, err)
    assert all(one.isprintable() or one == "\n" for one in out), out
    code, out, err = run("to-torch", path, FOLDER / "out.pt")
    assert code == 0 and all(one.isprintable() or one == "\n" for one in out + err), (out, err)


def replaces():
    """Files are replaced in one step, with their mode; what fails leaves them."""
    path, out = checkpoint("w", masked([4])), FOLDER / "kept.pt"
    for mode in (0o600, 0o664):
        out.write_bytes(b"old")
        out.chmod(mode)
        assert run("to-torch", path, out, "--names", "w")[0] == 0
        assert out.stat().st_mode & 0o777 == mode and out.stat().st_size > 3
        path.chmod(mode)
        assert checkpoint("w", masked([4])).stat().st_mode & 0o777 == mode
    new, umask = FOLDER / "new.pt", os.umask(0o027)
    assert run("to-torch", path, new, "--names", "w")[0] == 0
    os.umask(umask)
    assert new.stat().st_mode & 0o777 == 0o640
    out.write_bytes(b"old")
    try:
        with files.replacing(str(out)) as file:
            file.write(b"half")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert out.read_bytes() == b"old"
    link = FOLDER / "link.pt"
    link.symlink_to(out)
    assert run("to-torch", path, link, "--names", "w")[0] == 0
    assert link.is_symlink() and out.read_bytes() != b"old"
    assert not list(FOLDER.glob(".*.tmp"))


def main():
    """All cases; one that waits for a pipe would wait for ever."""
    timer = threading.Timer(120, os._exit, [99])
    timer.start()
    for case in (claims, breaks, steers, replaces):
        case()
    timer.cancel()


main()
