# SPDX-License-Identifier: MIT
"""What a recipe (ports/NAME/SConscript) can say. docs/ports.md explains it to who writes one.

A recipe has `port`: where the source comes from, and two machines to compile for, `port.guest` and `port.host`. What the host
builds are tools that generate sources, and the same program to compare with. Nothing is written outside build/.
"""

import json
import os
import shlex
import shutil

from pagoda import fetch

STATE = "ports.json"


class PortError(Exception):
    """Why a port can't be built, as a sentence."""


def names(root):
    """The ports that there are."""
    folder = os.path.join(root, "ports")
    if not os.path.isdir(folder):
        return []
    return sorted(name for name in os.listdir(folder) if os.path.exists(os.path.join(folder, name, "SConscript")))


def note(folder, reasons):
    """Keep why ports could not be had (None: they could) for the tests, in build/ports."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, STATE)
    try:
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    except (OSError, ValueError):
        known = {}
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump({**known, **reasons}, file, indent=1)
    os.replace(path + ".part", path)


def reason(folder, name):
    """Why a port could not be had, or None."""
    try:
        with open(os.path.join(folder, STATE), encoding="utf-8") as file:
            return json.load(file).get(name, "it was not built")
    except (OSError, ValueError):
        return "it was not built"


class Compiler:
    """One machine that a port is compiled for."""

    def __init__(self, port, env, out, link):
        self.port, self.env, self.out, self.link = port, env, out, link

    def objects(self, *patterns, without=(), defines=(), flags=(), sees=(), needs=(), place=""):
        """Compile C files of the source (patterns from its top folder) or generated ones (nodes). The order is the files'.

        without: files left out; defines: "NAME" or "NAME=value"; flags: the compiler's; sees: folders of headers from the
        source's top, "gen" being what is generated and "here" the recipe's own folder; needs: what is generated before; place: a
        folder of their own, for files that are compiled in two ways.
        """
        env = self.env.Clone()
        env.Prepend(CPPPATH=[self.port.folder(name) for name in sees])
        env.Append(CPPDEFINES=[shlex.quote(word) for word in defines], CCFLAGS=list(flags))
        nodes = []
        for pattern in patterns:
            for node in self.port.find(pattern) if isinstance(pattern, str) else env.Flatten([pattern]):
                path = os.path.relpath(node.abspath, self.port.build)
                if isinstance(pattern, str) and os.path.relpath(path, "src") in without:
                    continue
                nodes += env.Object(f"#{self.out}/{os.path.join(place, path)[:-2]}.o", node)
        env.Depends(nodes, list(needs))
        return nodes

    def macros(self, header):
        """A file with the #define lines that a program of this machine sees after including the header."""
        out = f"#{self.out}/macros/{header}"
        return self.env.Command(out, [], f"echo '#include <{header}>' | $CC $CCFLAGS $_CPPINCFLAGS -E -dM -x c - >$TARGET")

    def program(self, name, objects, libs=()):
        """Link a program. On the guest it becomes /bin/NAME."""
        return self.link(self, name, objects, list(libs))


class Port:
    """One port in one build of the system."""

    def __init__(self, name, root, base):
        self.name, self.root, self.base = name, root, base
        self.cache = os.path.join(root, "build", "ports")
        self.build = os.path.join(self.cache, name)
        self.guest = self.host = None
        self.programs = {}   # of the guest: {"bin/NAME": node}
        self.references = []  # of the host

    def source(self, package, file, sha256):
        """An archive of a Debian source package; fetched, checked, unpacked. Raises PortError."""
        try:
            fetch.unpack(fetch.archive(self.cache, package, file, sha256), os.path.join(self.build, "src"), sha256)
        except fetch.FetchError as error:
            raise PortError(f"The port {self.name} can't be built: {error}.") from None

    def needs(self, tool, package):
        """A tool of the host without which nothing goes."""
        if not shutil.which(tool):
            raise PortError(f"The port {self.name} can't be built: {tool} is not installed. Run ./setup, which installs it ({package}).")

    def folder(self, name):
        if name == "gen":
            return os.path.join(self.build, "gen")
        if name == "here":
            return os.path.join(self.root, "ports", self.name)
        return os.path.join(self.build, "src", name)

    def file(self, path):
        """A file of the source, from its top folder; "here/..." a file beside the recipe."""
        if path.startswith("here/"):
            return self.base.File(os.path.join(self.folder("here"), path[5:]))
        return self.base.File(os.path.join(self.build, "src", path))

    def find(self, pattern):
        if pattern.startswith("here/"):
            return [self.file(pattern)]
        found = self.base.Glob(os.path.join(self.build, "src", pattern), strings=False)
        if not found:
            raise PortError(f"The port {self.name} can't be built: no file of its source matches {pattern}.")
        return sorted(found, key=str)

    def generate(self, targets, sources, command):
        """Run a command line (scons's $SOURCE, $TARGET, ${TARGET.dir} ...) that makes files of that name in "gen"."""
        targets = [targets] if isinstance(targets, str) else targets
        return self.base.Command([os.path.join(self.build, "gen", name) for name in targets], sources, command)
