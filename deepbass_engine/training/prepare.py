"""A folder of songs made into clips to train on: looked at, dealt to shards, cut.

Which songs validate, and which shard a song is in, is decided by its content alone, so a song that
is added changes little of what was made before.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

from deepbass_engine.analysis.track import TrackAnalysis, analyze_tracks
from deepbass_engine.errors import InputError, OutputError
from deepbass_engine.playlists import collect
from deepbass_engine.progress import CancelToken, OnProgress, Progress
from deepbass_engine.settings import n_workers
from deepbass_engine.training import clips, manifest, shards
from deepbass_engine.training.manifest import LeftOut, Manifest, Shard, Song, Split
from deepbass_engine.training.settings import PrepareSettings
from deepbass_engine.training.shards import ShardTask
from deepbass_engine.units import clock_text, seconds_from_frames

SUFFIX = ".tfrecord"

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
        If there is no song that can be used; the reasons are named.
    OutputError
        If `out` is another's, or can't be written; what was made before is kept.
    Cancelled
        If asked to stop; what was made is kept.
    """
    cancel = cancel or CancelToken()
    found = collect([folder], cancel=cancel)
    inside = out.absolute()
    paths = [path for path in found.files if not path.is_relative_to(inside)]
    left_out = [LeftOut(path=str(p.path), what=p.what, hint=p.hint) for p in found.problems]
    heard = analyze_tracks(paths, jobs=jobs, on_progress=on_progress, cancel=cancel)
    songs, refused = _usable(paths, heard, settings)
    left_out += refused
    if not songs:
        raise _nothing(folder, left_out)
    _make_folder(out)
    tasks = _dealt(songs, settings)
    _remove_others(out, tasks)
    done = {task.name: shards.standing(out, task) for task in tasks}
    missing = [task for task in tasks if done[task.name] is None]
    make = make_shards or functools.partial(_in_threads, n_threads=n_workers(jobs))
    for n_made, shard in enumerate(make(out, missing, cancel), start=len(tasks) - len(missing) + 1):
        done[shard.name] = shard
        if on_progress is not None:
            on_progress(Progress("cutting", n_made, len(tasks)))
    made = Manifest(
        settings=settings,
        songs=tuple(_song(song, task) for task in tasks for song in task.songs),
        shards=tuple(shard for shard in done.values() if shard is not None),
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
            reason = LeftOut(path=str(path), what=analysis.what, hint=analysis.hint)
        elif (first := songs.get(analysis.content_hash)) is not None:
            reason = LeftOut(path=str(path), what=f"is the same as {first.source.path}")
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
    rate_hz, path = analysis.source.sample_rate_hz, str(analysis.source.path)
    duration_s = seconds_from_frames(analysis.source.frames or 0, rate_hz)
    audible_s = seconds_from_frames(analysis.span.n_frames, rate_hz)
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
    if analysis.problems:
        worst = analysis.problems[0]
        return LeftOut(path=path, what=worst.what, hint=worst.hint)
    return None


def _dealt(songs: Sequence[TrackAnalysis], settings: PrepareSettings) -> list[ShardTask]:
    """The shards to be made; none is empty."""
    ordered = sorted(songs, key=lambda song: song.content_hash)
    n_valid = round(settings.valid_share * len(ordered))
    if settings.valid_share and len(ordered) > 1:
        n_valid = min(max(1, n_valid), len(ordered) - 1)
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
                name = f"{split}-{i:05d}-of-{n_shards:05d}{SUFFIX}"
                tasks.append(ShardTask(name=name, split=split, songs=dealt, settings=settings))
    return tasks


def _shard_of(song: TrackAnalysis, n_shards: int) -> int:
    return int(hashlib.sha256(song.content_hash.encode()).hexdigest(), 16) % n_shards


def _song(song: TrackAnalysis, task: ShardTask) -> Song:
    return Song(
        path=str(song.source.path),
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


def _make_folder(out: Path) -> None:
    """Make the folder and its notes', or see that they are ours."""
    notes = out / shards.NOTES
    try:
        if out.exists() and not notes.is_dir() and any(out.iterdir()):
            raise OutputError(
                "holds something else than prepared clips", path=out, hint="give a new folder"
            )
        notes.mkdir(parents=True, exist_ok=True)
        (out / manifest.NAME).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be made: {error.strerror or error}", path=out, hint="give another folder"
        ) from error


def _remove_others(out: Path, tasks: Sequence[ShardTask]) -> None:
    """Remove the shards of an earlier run that are not to be there any more."""
    kept = {task.name for task in tasks}
    for note in (out / shards.NOTES).glob("*.json"):
        name = note.name.removesuffix(".json")
        if name not in kept:
            for path in (out / name, note):
                with suppress(OSError):
                    path.unlink()


def _nothing(folder: Path, left_out: Sequence[LeftOut]) -> InputError:
    """What is wrong with a folder of which nothing can be used; it has a reason at least."""
    first, *others = left_out
    if not others:
        return InputError(first.what, path=first.path, hint=first.hint)
    return InputError(
        f"none of its {len(left_out)} files can be used: {first.path} {first.what}",
        path=folder,
        hint=first.hint or "give a folder with songs in it",
    )
