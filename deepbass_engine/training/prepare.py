"""A folder of songs made into clips to train on: looked at, dealt to shards, cut.

Which songs validate, and which shard a song is in, is decided by its content alone, so a song that
is added changes little of what was made before.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.errors import InputError, OutputError, shown
from deepbass_engine.playlists import collect
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.settings import n_workers
from deepbass_engine.training import clips, manifest, shards
from deepbass_engine.training.manifest import LeftOut, Manifest, Shard, Song, Split
from deepbass_engine.training.settings import PrepareSettings
from deepbass_engine.training.shards import ShardTask
from deepbass_engine.units import clock_text, seconds_from_frames

_NO_SONGS = "give a folder with songs in it"
_MOST_TOLD = 20

MakeShards = Callable[[Path, Sequence[ShardTask], CancelToken], Iterator[Shard]]
"""Makes shards in a folder, and gives each when it is done, in any order."""


def prepare(
    folder: Path,
    out: Path,
    settings: PrepareSettings,
    *,
    jobs: int = 0,
    make_shards: MakeShards | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelToken | None = None,
) -> Manifest:
    """Make clips of a folder's songs, or go on where that was stopped.

    Parameters
    ----------
    folder
        Holds songs, in folders of any depth.
    out
        Where the clips go; made if it is not there.
    settings
        Which clips, and how many files of them.
    jobs
        Songs worked on at once; 0 takes one for each core. The files are the same for any number.
    make_shards
        Makes the shards elsewhere than in threads of this process.

    Returns
    -------
    Manifest
        What is in `out` now.

    Raises
    ------
    InputError
        If there is no song that can be used, with the reason; or one has changed meanwhile.
    OutputError
        If `out` is another's, or can't be written; what was made before is kept.
    Cancelled
        If asked to stop; what was made is kept.
    """
    cancel = cancel or CancelToken()
    _require_ours(out)
    found = collect([folder], cancel=cancel)
    inside = os.path.realpath(out)
    paths = [p for p in found.files if not Path(os.path.realpath(p)).is_relative_to(inside)]
    left_out = [
        LeftOut(path=_text(p.path or folder), what=p.what, hint=p.hint) for p in found.problems
    ]
    heard = analyze_tracks(paths, jobs=jobs, on_progress=on_progress, cancel=cancel)
    songs, refused = _usable(paths, heard, settings)
    left_out += refused
    if not songs:
        raise _nothing(folder, left_out)
    tasks = _dealt(songs, settings)
    _make_folder(out)
    shards.remove_others(out, {task.name for task in tasks})
    tell = on_progress or (lambda progress: None)
    done: dict[str, Shard] = {}
    for n_checked, task in enumerate(tasks, start=1):
        standing = shards.standing(out, task, cancel=cancel)
        if standing is not None:
            done[task.name] = standing
        tell(Progress("checking", n_checked, len(tasks)))
    missing = [task for task in tasks if task.name not in done]
    make = make_shards or functools.partial(_in_threads, n_threads=n_workers(jobs))
    for shard in make(out, missing, cancel):
        done[shard.name] = shard
        tell(Progress("cutting", len(done), len(tasks)))
    made = Manifest(
        settings=settings,
        songs=tuple(_song(song, task) for task in tasks for song in task.songs),
        shards=tuple(done[task.name] for task in tasks),
        left_out=tuple(left_out),
    )
    manifest.write(out, made)
    return made


def _usable(
    paths: Sequence[Path],
    heard: Sequence[TrackAnalysis | InputError],
    settings: PrepareSettings,
) -> tuple[list[TrackAnalysis], list[LeftOut]]:
    """The songs that clips can be taken of, each once, and the rest with the reasons."""
    songs: dict[str, TrackAnalysis] = {}
    left_out = []
    for path, analysis in zip(paths, heard, strict=True):
        if isinstance(analysis, InputError):
            hint = "copy it again, export it as WAV or FLAC, or take it out of the folder"
            reason = LeftOut(path=_text(path), what=analysis.what, hint=hint)
        elif (first := songs.get(analysis.content_hash)) is not None:
            reason = LeftOut(path=_text(path), what=f"is the same as {shown(first.source.path)}")
        else:
            unfit = _unfit(analysis, settings)
            if unfit is None:
                songs[analysis.content_hash] = analysis
                continue
            reason = unfit
        left_out.append(reason)
    return list(songs.values()), left_out


def _unfit(analysis: TrackAnalysis, settings: PrepareSettings) -> LeftOut | None:
    """Why no clips are taken of a song, if there is a reason."""
    source, path = analysis.source, _text(analysis.source.path)
    duration_s = seconds_from_frames(source.frames or 0, source.sample_rate_hz)
    audible_s = seconds_from_frames(analysis.span.n_frames, source.sample_rate_hz)
    if source.missing_frames:
        declared_s = seconds_from_frames(source.declared_frames or 0, source.sample_rate_hz)
        declared, present = clock_text(declared_s), clock_text(duration_s)
        return LeftOut(
            path=path,
            what=f"is cut short: {declared} declared, {present} could be read",
            hint="copy or download it again",
        )
    if analysis.n_not_finite:
        return LeftOut(
            path=path,
            what=f"holds {analysis.n_not_finite} samples that are no finite numbers",
            hint="export it again",
        )
    if duration_s > settings.max_duration_s:
        return LeftOut(
            path=path,
            what=f"is too long: {clock_text(duration_s)}",
            hint="raise --max-duration to take it",
        )
    if not clips.starts(analysis, settings):
        return LeftOut(
            path=path,
            what=f"is too short: {audible_s:.1f} s without its silent ends",
            hint=f"it takes {clips.LEAST_CLIPS} clips of {settings.seconds:g} s",
        )
    return None


def _dealt(songs: Sequence[TrackAnalysis], settings: PrepareSettings) -> list[ShardTask]:
    """The shards to be made; none is empty."""
    ordered = sorted(songs, key=lambda song: song.content_hash)
    n_valid = 0
    if settings.valid_share:
        n_valid = min(max(1, round(settings.valid_share * len(ordered))), len(ordered) - 1)
    n_valid_shards = max(1, round(settings.n_shards * settings.valid_share))
    tasks = []
    splits: tuple[tuple[Split, Sequence[TrackAnalysis], int], ...] = (
        ("train", ordered[n_valid:], settings.n_shards),
        ("valid", ordered[:n_valid], n_valid_shards),
    )
    for split, of_split, n_shards in splits:
        for i in range(n_shards):
            dealt = tuple(s for s in of_split if _shard_of(s, n_shards) == i)
            if dealt:
                name = shards.name_of(split, i, n_shards)
                tasks.append(ShardTask(name=name, split=split, songs=dealt, settings=settings))
    return tasks


def _shard_of(song: TrackAnalysis, n_shards: int) -> int:
    return int(hashlib.sha256(song.content_hash.encode()).hexdigest(), 16) % n_shards


def _song(song: TrackAnalysis, task: ShardTask) -> Song:
    return Song(
        path=_text(song.source.path),
        content_hash=song.content_hash,
        split=task.split,
        duration_s=seconds_from_frames(song.source.frames or 0, song.source.sample_rate_hz),
        n_clips=len(clips.starts(song, task.settings)),
    )


def _in_threads(
    out: Path, tasks: Sequence[ShardTask], cancel: CancelToken, *, n_threads: int
) -> Iterator[Shard]:
    with ThreadPoolExecutor(n_threads) as pool:
        made = [pool.submit(shards.make, out, task, cancel=cancel) for task in tasks]
        try:
            for future in as_completed(made):
                yield future.result()
        except BaseException:
            cancel.cancel()
            pool.shutdown(cancel_futures=True)
            raise


def _require_ours(out: Path) -> None:
    """Refuse a folder of something else, before any work is done for it."""
    try:
        if out.is_file():
            raise OutputError("is a file, not a folder", path=out, hint="give a new folder")
        is_ours = not out.exists() or (out / shards.NOTES).is_dir() or not any(out.iterdir())
    except OSError as error:
        raise OutputError(
            f"can't be looked into: {error.strerror or error}",
            path=out,
            hint="give another folder",
        ) from error
    if not is_ours:
        raise OutputError(
            "holds something else than prepared clips", path=out, hint="give a new folder"
        )


def _make_folder(out: Path) -> None:
    """Make the folder, or take its manifest away: it is unfinished from now on."""
    try:
        (out / shards.NOTES).mkdir(parents=True, exist_ok=True)
        (out / manifest.NAME).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be made: {error.strerror or error}", path=out, hint="give another folder"
        ) from error


def _nothing(folder: Path, left_out: Sequence[LeftOut]) -> InputError:
    """What is wrong with a folder of which nothing can be used."""
    if not left_out:
        return InputError(
            "holds no songs beside those in the folder of clips",
            path=folder,
            hint="let the clips go elsewhere",
        )
    first, *others = left_out
    if not others:
        return InputError(first.what, path=first.path, hint=_NO_SONGS)
    reasons = "; ".join(f"{shown(one.path)} {one.what}" for one in left_out[:_MOST_TOLD])
    more = f"; and {len(left_out) - _MOST_TOLD} more" if len(left_out) > _MOST_TOLD else ""
    return InputError(
        f"none of its {len(left_out)} files can be used: {reasons}{more}",
        path=folder,
        hint=_NO_SONGS,
    )


def _text(path: Path) -> str:
    """The path as text that can be written: what of it is no Unicode is escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
