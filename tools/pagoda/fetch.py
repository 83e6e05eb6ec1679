# SPDX-License-Identifier: MIT
"""Source archives of ports: fetched once from the Debian mirror that this machine's apt uses, kept in build/ports/.

What is fetched is known by its SHA-256 before; anything else is thrown away. Nothing here knows a mirror's name: apt does, and
apt's own downloader fetches, so proxies and mirrors are as the machine has them. No root, no change of apt's state.
"""

import hashlib
import os
import shutil
import subprocess
import tarfile

HELPER = "/usr/lib/apt/apt-helper"
QUICK = ["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15", "-o", "Acquire::https::Timeout=15"]
SECONDS = 300  # for one archive


class FetchError(Exception):
    """Why a source can't be had, as a sentence without its full stop."""


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def pool_path(package, file):
    """Where an archive of a source package lies on every mirror (Debian policy: lib* has folders of four letters)."""
    letters = package[:4] if package.startswith("lib") else package[0]
    return f"pool/main/{letters}/{package}/{file}"


def mirrors():
    """The addresses of the repositories that apt is configured for, without duplicates, in its order."""
    try:
        done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return list(dict.fromkeys(line.strip().rstrip("/") for line in done.stdout.splitlines() if "://" in line))


def download(address, path, sha256):
    """Whether it was fetched, and was what it had to be."""
    command = [HELPER, *QUICK, "download-file", address, path, "SHA256:" + sha256]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and os.path.exists(path) and digest(path) == sha256


def archive(folder, package, file, sha256):
    """The path of the archive in the folder, fetched if it is not there yet. Raises FetchError."""
    path = os.path.join(folder, file)
    if os.path.exists(path):
        if digest(path) == sha256:
            return path
        raise FetchError(f"{path} is not the file that the recipe means (its SHA-256 differs); delete it, then it is fetched anew")
    by_hand = f"fetch {file} of Debian's source package {package} by hand and put it into {folder}"
    if not os.path.exists(HELPER):
        raise FetchError(f"this is no Debian system (no apt), so nobody knows a mirror; {by_hand}")
    known = mirrors()
    if not known:
        raise FetchError(f"apt knows no repository here, so no mirror; {by_hand}")
    os.makedirs(folder, exist_ok=True)
    part = path + ".part"
    for mirror in known:
        if download(f"{mirror}/{pool_path(package, file)}", part, sha256):
            os.replace(part, path)
            return path
        if os.path.exists(part):
            os.unlink(part)
    raise FetchError(f"{file} could not be fetched from the mirrors that apt knows (is this machine offline?); {by_hand}")


def _is_inside(name):
    return not name.startswith("/") and ".." not in name.split("/")


def _is_marked(mark, sha256):
    try:
        with open(mark, encoding="ascii") as file:
            return file.read() == sha256
    except OSError:
        return False


def unpack(path, folder, sha256):
    """Unpack an archive so that its one top folder becomes the folder; a mark says that it is whole, and whose. Raises FetchError."""
    mark = os.path.join(folder, ".unpacked")
    if _is_marked(mark, sha256):
        return
    part = folder + ".part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with tarfile.open(path) as tar:
            tar.extractall(part, [member for member in tar.getmembers() if _is_inside(member.name)])
    except (tarfile.TarError, OSError, EOFError) as error:
        raise FetchError(f"{path} can't be unpacked: {error}") from None
    tops = os.listdir(part)
    os.replace(os.path.join(part, tops[0]) if len(tops) == 1 else part, folder)
    shutil.rmtree(part, ignore_errors=True)
    with open(mark, "w", encoding="ascii") as file:
        file.write(sha256)
