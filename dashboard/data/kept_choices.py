"""The choice of cells that readers may be told, kept beside the version that it was made for.

Choosing takes minutes of processor and gives the same each time, so what was chosen once is kept in a file beside the
version. Every choice is kept under the SHA-256 of all that it was made from: who and what every row of the version is,
the lattice of its cells, the rows and volumes that it is about, the cells that were considered. The file as a whole is
kept under that of the run, of the smallest group, and of the code that chooses. So a choice is found again only where
choosing anew would give the same; of everything else the cells are chosen.

What is read is no more than a choice among the cells that were considered: those that are told when it is used are
never others. A file that is damaged, made by other code or for another run, or that others than its owner may write, is
not used, and a line of the log says so. It holds hashes, bits and numbers of agents; no name and no figure.

Assumptions
-----------
1. Whoever may write the version's file or be its owner may do this too: the file holds no signature. Its hash is there
   against damage.
"""

from __future__ import annotations

import hashlib
import io
import logging
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import NDArray

from etl.code_hash import code_hash
from etl.warehouse.beside import MOST_BYTES, cells_path, read_beside, write_beside

if TYPE_CHECKING:
    from dashboard.data.queries import Queries
    from etl.warehouse.reader import Version

FORMAT = "empathycells1"
"""First line of a file. Nothing in it is a word that could be the id of a person, since whoever is forgotten is
searched for in all files."""
CODE = ("dashboard.privacy", "dashboard.data", "analysis.panel")
"""Packages that decide what is chosen."""
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
_LOG = logging.getLogger("empathy.dashboard")


@dataclass(frozen=True, eq=False)
class Choice:
    """Which of C cells were chosen, for each of B parts of the weeks.

    Attributes
    ----------
    parts : (B,) int array
        Number of every part, such as the first week of a block; 0 where there is one.
    cells : (B, C) bool array
    agents : (B, C) int array
        Agents in every cell; (0, C) where they were not counted.
    """

    parts: Ints
    cells: Bools
    agents: Ints

    @classmethod
    def of(cls, cells: Mapping[int, Bools], n_cells: int, agents: Mapping[int, NDArray[Any]] | None = None) -> Choice:
        """From the cells, and the agents in them, by part.

        Parameters
        ----------
        cells : mapping of int to (C,) bool array
        n_cells : int
            C, of which nothing else would tell where there is no part.
        agents : mapping of int to (C,) array, optional
            Whole numbers.
        """
        parts = np.array(list(cells), dtype=np.int64)
        shape = (parts.size, n_cells)
        counted = [] if agents is None else [agents[part] for part in parts.tolist()]
        return cls(
            parts,
            np.array([cells[part] for part in parts.tolist()], dtype=bool).reshape(shape),
            np.array(counted, dtype=np.float64).astype(np.int64).reshape(len(counted), n_cells),
        )

    @property
    def by_part(self) -> dict[int, Bools]:
        """Number of a part to its cells."""
        return dict(zip(self.parts.tolist(), self.cells, strict=True))

    @property
    def agents_by_part(self) -> dict[int, NDArray[np.float64]]:
        """Number of a part to the agents in its cells."""
        return dict(zip(self.parts.tolist(), self.agents.astype(np.float64), strict=True))

    def within(self, start: Bools) -> Choice:
        """No other cells than some."""
        return Choice(self.parts, self.cells & start, self.agents)


class KeptChoices:
    """Choices for one version, in memory and beside its file; safe to share between threads.

    Parameters
    ----------
    version : Version
    made_by : str
        What decides beside the version: see :func:`made_by`.
    """

    def __init__(self, version: Version, made_by: str) -> None:
        self._version, self._made_by = version, made_by
        self._choices: dict[bytes, Choice] = {}
        self._borrowed: dict[bytes, Choice] = {}
        self._lock = threading.Lock()
        self._new = False
        self._stamp: tuple[int, int, int] | None = None
        self.read()

    def read(self) -> None:
        """Take over what another process has kept meanwhile."""
        try:
            status = cells_path(self._version.path).stat()
        except OSError:
            return
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        content = read_beside(self._version.path)
        found = {} if content is None else self._understood(content)
        with self._lock:
            self._choices = found | self._choices

    def _understood(self, content: bytes) -> dict[bytes, Choice]:
        name = cells_path(self._version.path).name
        try:
            kind, fingerprint, digest, body = content.decode("ascii").split()
        except ValueError:  # not text, or cut short
            kind, fingerprint, digest, body = "", "", "", ""
        if kind != FORMAT or hashlib.sha256(body.encode()).hexdigest() != digest:
            _LOG.warning("%s is damaged: cells are chosen again", name)
            return {}
        if fingerprint != self._fingerprint():
            _LOG.warning("%s is of another version, smallest group or release: cells are chosen again", name)
            return {}
        try:
            return _unpacked(bytes.fromhex(body))
        except (ValueError, KeyError, IndexError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error):
            _LOG.warning("%s is not understood: cells are chosen again", name)
            return {}

    def _fingerprint(self) -> str:
        return hashlib.sha256(f"{self._version.run_id}\0{self._made_by}".encode()).hexdigest()

    def get(self, key: bytes, n_cells: int) -> Choice | None:
        """A choice by the hash of all it is made from; None where it is not kept."""
        with self._lock:
            found = self._choices.get(key)
            if found is None and key in self._borrowed:
                found = self._choices[key] = self._borrowed[key]
                self._new = True
        return found if found is not None and found.cells.shape[1] == n_cells else None

    def borrow(self, others: Sequence[Version]) -> None:
        """Look for choices beside other versions too: one that differs in its estimates alone has the same ones."""
        found: dict[bytes, Choice] = {}
        for version in others:
            found |= KeptChoices(version, self._made_by)._choices
        with self._lock:
            self._borrowed = found

    def put(self, key: bytes, choice: Choice) -> None:
        """Keep a choice, until :meth:`write` in memory."""
        with self._lock:
            self._choices[key] = choice
            self._new = True

    def write(self) -> None:
        """Keep beside the version what was chosen since the file was read."""
        self.read()
        with self._lock:
            if not self._new:
                return
            kept, self._new = dict(self._choices), False
        body = _packed(kept).hex()
        digest = hashlib.sha256(body.encode()).hexdigest()
        content = f"{FORMAT}\n{self._fingerprint()}\n{digest}\n{body}\n".encode()
        if len(content) <= MOST_BYTES:
            write_beside(self._version.path, content)


def made_by(smallest_group: int) -> str:
    """What decides of cells beside the data: the smallest group, the code, and the libraries it is worked out with."""
    code = [code_hash(name) for name in CODE]
    return repr((smallest_group, code, np.__version__, scipy.__version__, sys.byteorder))


def digest(*parts: Any) -> bytes:
    """SHA-256 of some values: texts, numbers, bytes, arrays, and tuples of them; different values, different hashes.

    Parameters
    ----------
    *parts : str, int, bool, bytes, None, array or tuple

    Raises
    ------
    TypeError
        When a value is something else.

    Examples
    --------
    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, tuple | list):
            kind, content = "tuple", digest(*part)
        elif isinstance(part, np.ndarray) and part.dtype != object:
            kind, content = f"{part.dtype.str}{part.shape}", np.ascontiguousarray(part).tobytes()
        elif isinstance(part, bytes):
            kind, content = "bytes", part
        elif part is None or isinstance(part, str | int):
            kind, content = type(part).__name__, str(part).encode()
        else:
            raise TypeError(f"{type(part).__name__} has no hash here.")
        found.update(f"{kind}:{len(content)}:".encode() + content)
    return found.digest()


def content(queries: Queries) -> bytes:
    """Hash of what every choice of a version depends on: its rows' places, its lattice, and the design's timing."""

    def make() -> bytes:
        from dashboard.data.published import lattice

        known, places = lattice(queries), queries.held_weeks().places
        of_lattice = (repr(known.cells), known.kept, known.first, known.key, known.inside, known.elsewhere)
        codes = tuple(part for name, code in sorted(places.codes.items()) for part in (name, code))
        of_places = (places.agent, places.week, codes, repr(sorted(places.values.items())), places.origin.isoformat())
        teams = repr(sorted((site, tuple(teams)) for site, teams in queries.teams_by_site().items()))
        return digest(of_lattice, of_places, teams, queries.setting().design.anticipation_weeks)

    return queries.remember(("published", "content"), make)


def chosen(queries: Queries, key: Sequence[Any], n_cells: int, make: Callable[[], Choice]) -> Choice:
    """A choice that is kept, or else made and kept.

    Parameters
    ----------
    queries : Queries
    key : sequence
        All that the choice depends on, for :func:`digest`.
    n_cells : int
        How many cells there are.
    make : callable
    """
    name = digest(*key)

    def look() -> Choice:
        kept = queries.kept_choices()
        found = kept.get(name, n_cells)
        if found is None:
            found = make()
            kept.put(name, found)
        return found

    return queries.remember(("published choice", name), look)


def _packed(choices: Mapping[bytes, Choice]) -> bytes:
    """Choices as bytes: numbers of parts, counts and bits one after the other."""
    every = list(choices.values())
    shapes = np.array([(*one.cells.shape, one.agents.shape[0]) for one in every], dtype=np.int64).reshape(-1, 3)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        keys=np.frombuffer(b"".join(choices), dtype=np.uint8),
        shapes=shapes,
        parts=np.concatenate([np.zeros(0, np.int64), *(one.parts for one in every)]),
        cells=np.packbits(np.concatenate([np.zeros(0, bool), *(one.cells.ravel() for one in every)])),
        agents=np.concatenate([np.zeros(0, np.int64), *(one.agents.ravel() for one in every)]),
    )
    return file.getvalue()


def _unpacked(content: bytes) -> dict[bytes, Choice]:
    """The inverse of :func:`_packed`; ``ValueError`` where it is none."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        keys, shapes = file["keys"].tobytes(), file["shapes"]
        parts, bits, agents = file["parts"].astype(np.int64), file["cells"], file["agents"].astype(np.int64)
    if shapes.ndim != 2 or shapes.shape[1] != 3 or (shapes < 0).any() or len(keys) != 32 * len(shapes):
        raise ValueError("shapes do not fit")
    n_parts, n_cells, n_counted = shapes.T
    bounds = [np.append(0, np.cumsum(n)) for n in (n_parts, n_parts * n_cells, n_counted * n_cells)]
    if parts.size != bounds[0][-1] or agents.size != bounds[2][-1] or bits.size != (bounds[1][-1] + 7) // 8:
        raise ValueError("lengths do not fit")
    cells = np.unpackbits(bits, count=int(bounds[1][-1])).astype(bool)
    found = {}
    for k, (p, c, a) in enumerate(shapes.tolist()):
        if a not in (0, p):
            raise ValueError("counts do not fit")
        (p0, p1), (c0, c1), (a0, a1) = ((each[k], each[k + 1]) for each in bounds)
        choice = Choice(parts[p0:p1], cells[c0:c1].reshape(p, c), agents[a0:a1].reshape(a, c))
        found[keys[32 * k : 32 * k + 32]] = choice
    return found
