"""Pictures out of public repositories at pinned commits, without a working tree.

In: "owner/name", a full commit hash, paths. Out: bytes of the files. Snapshots are bare or ordinary git folders below a
folder of copies, or partial clones that fetch only what is read.
"""
import functools
import hashlib
import os
import subprocess

HOST = "https://github.com/"


class MissingSource(Exception):
    """A repository, commit or path that cannot be had."""


def git(folder, *args):
    done = subprocess.run(["git", "-C", folder, *args], capture_output=True)
    if done.returncode:
        raise MissingSource("git %s in %s: %s" % (" ".join(args), folder, done.stderr.decode(errors="replace").strip()))
    return done.stdout


class Repository:
    """One repository at one commit."""

    def __init__(self, name, commit, copies=None, work="build/data/clones"):
        self.name, self.commit = name, commit
        self.folder = local(name, copies) if copies else clone(name, commit, work)
        try:
            git(self.folder, "cat-file", "-e", commit + "^{commit}")
        except MissingSource:
            raise MissingSource("%s: commit %s is not in %s: fetch that commit, or leave out --from" % (name, commit, self.folder)) from None

    @functools.cached_property
    def ids(self):
        """Path -> id of every file of the commit: git finds a blob by its id much faster than in a folder of thousands."""
        lines = git(self.folder, "ls-tree", "-r", "-z", self.commit).decode().split("\0")
        return {path: entry.split()[2] for entry, path in (line.split("\t", 1) for line in lines if line)}

    def list(self, *folders):
        """Paths of all files below the folders, sorted."""
        found = sorted(p for p in self.ids if p.startswith(tuple(f + "/" for f in folders)))
        if not found:
            raise MissingSource("%s@%s: no files in %s" % (self.name, self.commit, ", ".join(folders)))
        return found

    def read(self, paths):
        """Yields (path, bytes) in the order of paths, from one git process."""
        missing = [p for p in paths if p not in self.ids]
        if missing:
            raise MissingSource("%s@%s: %s is not there" % (self.name, self.commit, missing[0]))
        self.prefetch(paths)
        process = subprocess.Popen(["git", "-C", self.folder, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            for path in paths:
                process.stdin.write(self.ids[path].encode() + b"\n")
                process.stdin.flush()
                header = process.stdout.readline().split()
                if header[1:2] != [b"blob"]:
                    raise MissingSource("%s: the content of %s is not in %s: clone the repository whole" % (self.name, path, self.folder))
                content = process.stdout.read(int(header[2]))
                process.stdout.read(1)
                yield path, content
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait()

    def one(self, path):
        return next(self.read([path]))[1]

    def prefetch(self, paths):
        """In a partial clone gets all blobs in one request instead of one each."""
        if not os.path.exists(os.path.join(self.folder, "partial")):
            return
        wanted = sorted({self.ids[p] for p in paths})
        for i in range(0, len(wanted), 5000):
            subprocess.run(["git", "-C", self.folder, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin"],
                           input="\n".join(wanted[i:i + 5000]).encode(), check=True)


def local(name, copies):
    """The git folder of a repository in a folder of copies: OWNER+NAME/repo, OWNER+NAME or OWNER/NAME."""
    owner, short = name.split("/")
    for place in ("%s+%s/repo" % (owner, short), "%s+%s" % (owner, short), "%s/%s" % (owner, short)):
        folder = os.path.join(copies, place)
        if any(os.path.exists(os.path.join(folder, inner)) for inner in ("HEAD", ".git")):
            return folder
    raise MissingSource("%s: no copy below %s: put a clone at %s, or leave out --from" % (name, copies, os.path.join(copies, owner, short)))


def clone(name, commit, work):
    """A partial clone below work that holds the commit's trees; an earlier one is used again."""
    folder = os.path.join(work, name.replace("/", "+"))
    if not os.path.exists(os.path.join(folder, "partial")):
        os.makedirs(folder, exist_ok=True)
        git(folder, "init", "--quiet", "--bare")
        git(folder, "config", "remote.origin.url", HOST + name)
        git(folder, "config", "remote.origin.promisor", "true")
        git(folder, "config", "remote.origin.partialclonefilter", "blob:none")
        git(folder, "fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", commit)
        open(os.path.join(folder, "partial"), "w").close()
    return folder


def archive(folder, name, sha256):
    """The path of an archive below the folder, if it is the very one."""
    path = os.path.join(folder, "data", name)
    if not os.path.exists(path):
        raise MissingSource("%s is not there: put it there, or name the folder with --shared" % path)
    with open(path, "rb") as f:
        found = hashlib.file_digest(f, "sha256").hexdigest()
    if found != sha256:
        raise MissingSource("%s has the SHA-256 %s, not %s: get it anew" % (path, found, sha256))
    return path
