#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 200
"""zlib: its own tests pass, and what minigzip writes is what the host's writes, byte for byte, and comes back."""

import gzip
import os
import random
import tempfile

import portlib

SECONDS = 90
LINE = ("cd /disk && zexample /tmp/foo.gz >example.out && infcover 2>cover.out && minigzip <data >data.gz && minigzip -d <data.gz >back"
        " && minigzip -9 <data >best.gz && minigzip -1 -h <data >huffman.gz && vmcheck --quiet")


def data():
    """Words, runs and noise: something for each of deflate's ways."""
    source = random.Random(7)
    words = [bytes(source.choices(b"etaoinshrdlu", k=source.randrange(2, 9))) for _ in range(300)]
    return b" ".join(source.choices(words, k=20000)) + b"\0" * 50000 + source.randbytes(60000)


def main():
    portlib.require("zlib")
    with tempfile.TemporaryDirectory(prefix="pagoda-zlib-") as folder:
        files = os.path.join(folder, "files")
        os.mkdir(files)
        content = data()
        with open(os.path.join(files, "data"), "wb") as file:
            file.write(content)
        disk = portlib.make_disk(os.path.join(folder, "disk.img"), files)
        status, text = portlib.boot(disk, LINE, SECONDS)
        portlib.check("its_programs_run", status == 0, text)
        _, wanted = portlib.host("zlib", "zexample", os.path.join(folder, "foo.gz"), folder=folder)
        got = portlib.read_disk(disk, "example.out", folder)
        portlib.check("the_example_passes", got == wanted and b"inflate with dictionary" in (got or b""), portlib.first_difference(got, wanted))
        covered = portlib.read_disk(disk, "cover.out", folder) or b""
        portlib.check("every_branch_of_inflate_is_right", b"inflate_fast" in covered and b"failed" not in covered, covered.decode(errors="replace"))
        for name, words in (("data.gz", []), ("best.gz", ["-9"]), ("huffman.gz", ["-1", "-h"])):
            with open(os.path.join(files, "data"), "rb") as given:
                _, wanted = portlib.host("zlib", "minigzip", *words, folder=folder, given=given)
            got = portlib.read_disk(disk, name, folder)
            portlib.check(f"minigzip_writes_the_hosts_bytes_{name.split('.')[0]}", got == wanted and gzip.decompress(wanted) == content)
        portlib.check("what_was_packed_comes_back", portlib.read_disk(disk, "back", folder) == content)
    portlib.finish()


main()
