"""The report of a mix as a web page."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import signals
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from deepbass_engine.errors import OutputError, shown
from deepbass_engine.mix.html_report import save_html
from deepbass_engine.mix.job import mix_project
from deepbass_engine.mix.quality import MEASURES, Curve, Measure, MeasuredTransition, Outline
from deepbass_engine.mix.quality import Quality as Measured
from deepbass_engine.mix.report import (
    MixReport,
    ReportedJoin,
    ReportedMorph,
    ReportedTrack,
    ReportedTransition,
)
from deepbass_engine.project import Project, tracks_of
from deepbass_engine.settings import QualityLimits, TransitionSpec

RATE_HZ = 16_000
_VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page as it is read: its words, links and attributes; tags must close as they opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.open: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """All words, each run of white space as one space."""
        return " ".join("".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        """What an attribute is wherever it stands."""
        return [value for _, name, value in self.attributes if name == attribute]

    @property
    def drawings(self) -> list[ET.Element]:
        """The drawings, read as XML."""
        found = re.findall(r'<figure>(<svg role="img".*?</svg>)<figcaption>', self.source, re.S)
        return [ET.fromstring(drawing) for drawing in found]


def page_of(
    folder: Path, report: MixReport, measured: dict[int, MeasuredTransition] | None = None
) -> Page:
    """The page of a report."""
    save_html(report, measured or {}, folder / "report.html")
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def measure_of(excess: float, words: str, range_s: tuple[float, float] = (1.0, 2.0)) -> Measure:
    """A measure with a limit of 6 points."""
    return Measure(
        value=40.0 + excess, unit="points", outgoing=40.0, incoming=31.5, excess=excess,
        limit=6.0, range_s=range_s, words=words,
    )  # fmt: skip


def measured_of(
    quality: Measured, start_s: float = -3.0, n_columns: int = 20
) -> MeasuredTransition:
    """A drawing in columns of half a second; the entering track begins with the transition."""
    there = (-0.5, 0.5)
    first = round(-start_s / 0.5)
    ramp = tuple(float(i) for i in range(40))
    curve = Curve(start_s=0.0, hop_s=0.1, mixed=ramp, outgoing=ramp, incoming=ramp)
    return MeasuredTransition(
        quality=quality,
        roughness=curve,
        dissonance=curve,
        outline=Outline(
            start_s=start_s,
            column_s=0.5,
            mixed=(there,) * n_columns,
            outgoing=(there,) * (n_columns - 6) + (None,) * 6,
            incoming=(None,) * first + (there,) * (n_columns - first),
        ),
    )


def transition(index: int, quality: Measured | None = None, frames: int = 64_000):
    """A transition of 4 s, 10 s into its track."""
    return ReportedTransition(
        index=index,
        out_track=index,
        in_track=index + 1,
        method="simple",
        curve="equal_power",
        seed=0,
        start_frame=(index + 1) * 160_000,
        frames=frames,
        asked_frames=frames,
        shortened_because="",
        flagged=None if quality is None else bool(quality.reasons),
        reasons=() if quality is None else quality.reasons,
        score=None if quality is None else quality.score,
        quality=quality,
    )


JOIN = ReportedJoin(tempo_bpm=124.04, out_ratio=1.01, in_ratio=0.99, considered=())


def report_of(*transitions: ReportedTransition, names: list[str] | None = None) -> MixReport:
    """A report of so many transitions, and tracks to go with them."""
    names = names or [f"track {i}.wav" for i in range(len(transitions) + 1)]
    return MixReport(
        output="/music/evening.wav",
        subtype="PCM_24",
        sample_rate_hz=RATE_HZ,
        frames=60 * RATE_HZ,
        channels=2,
        tracks=tuple(
            ReportedTrack(
                path=f"/music/{name}", span_s=(0.0, 14.0), start_frame=i * 160_000,
                end_frame=i * 160_000 + 224_000, gain_db=0.0,
            )
            for i, name in enumerate(names)
        ),
        transitions=transitions,
        peak_dbfs=-1.25,
        clipped_frames=0,
        problems=(),
        timing_s={"total": 1.0},
        versions={"deepbass": "1.2.3"},
    )  # fmt: skip


FLAGGED = Measured(
    roughness=measure_of(8.0, "it sounds rougher than either track from 0:01.0 to 0:02.0"),
    click=measure_of(30.0, "there is a click at 0:03.0", (3.0, 3.0)),
    flux=measure_of(-2.0, "nothing changes"),
)
FINE = Measured(roughness=measure_of(1.0, "it is smooth"))


@pytest.fixture
def flagged_page(tmp_path: Path) -> Page:
    """A flagged transition, one that is not, and one that was not measured."""
    report = report_of(transition(0, FLAGGED), transition(1, FINE), transition(2))
    return page_of(tmp_path, report, {0: measured_of(FLAGGED), 1: measured_of(FINE)})


# Content ----------------------------------------------------------------------------------------


def test_the_mix_is_told_with_its_facts(flagged_page: Page) -> None:
    assert "<title>evening.wav - mix report</title>" in flagged_page.source
    for fact in ("1:00.0", "16000 Hz", "PCM_24", "-1.2 dBFS", "3, 1 flagged, 1 not measured"):
        assert f"<dd>{fact}</dd>" in flagged_page.source


def test_reasons_are_sentences_the_worst_first_with_times_in_transition_and_mix(
    flagged_page: Page,
) -> None:
    reasons = re.findall(r"<li>(.*?) <span class=\"when\">(.*?)</span></li>", flagged_page.source)
    assert reasons == [
        ("There is a click at 0:03.0.", "In the transition 0:03.0 to 0:03.0, in the mix "
         "0:13.0 to 0:13.0."),
        ("It sounds rougher than either track from 0:01.0 to 0:02.0.", "In the transition "
         "0:01.0 to 0:02.0, in the mix 0:11.0 to 0:12.0."),
    ]  # fmt: skip


def test_each_verdict_stands_in_words_with_a_sign(flagged_page: Page) -> None:
    sections = re.findall(r'<section class="panel" id="transition.*?</section>',
                          flagged_page.source, re.S)  # fmt: skip
    verdicts = [Page(section).text for section in sections]
    assert "▲ flagged: click, rough" in verdicts[0]
    assert "✓ not flagged" in verdicts[1]
    assert "○ not measured" in verdicts[2]
    assert "All measures" not in verdicts[2]


def test_every_link_leads_to_a_place_on_the_page(flagged_page: Page) -> None:
    links = flagged_page.values("href")
    assert {"#transition-1", "#transition-2", "#transition-3", "#transitions"} == set(links)
    ids = flagged_page.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links} <= set(ids)


def test_figures_of_a_measure_stand_in_its_row(flagged_page: Page) -> None:
    row = next(r for r in flagged_page.source.split("<tr ") if "<b>Roughness</b>" in r)
    cells = re.findall(r'data-label="([^"]*)"><span>(.*?)</span></td>', row)
    assert dict(cells[:5]) == {
        "Heard": "48.0 points", "Leaving": "40.0 points", "Entering": "31.5 points",
        "Worse by": "8.0 points", "Limit": "6.0 points",
    }  # fmt: skip


def test_what_could_not_be_measured_is_named(flagged_page: Page) -> None:
    assert (
        "Nothing to measure here of: Clash of notes, Sag in loudness, Jump in loudness, "
        "Two basses at once, Kicks apart, Music left out." in flagged_page.text
    )


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_can_be_told(tmp_path: Path, name: str) -> None:
    quality = Measured(**{name: measure_of(8.0, f"it is the {name}")})
    page = page_of(tmp_path, report_of(transition(0, quality)), {0: measured_of(quality)})
    assert f"It is the {name}." in page.text


def test_why_a_search_chose_it_and_what_was_done_otherwise_are_told(tmp_path: Path) -> None:
    chosen = replace(
        transition(0, FINE), because="less clash", asked_frames=80_000, shortened_because="no more"
    )
    text = page_of(tmp_path, replace(report_of(chosen), notes=("on the CPU",))).text
    assert "Chosen by less clash" in text
    assert "transition 1 is 4.00 s long instead of 5.00 s: no more" in text
    assert "on the CPU" in text


def test_how_a_transition_is_made_is_told(tmp_path: Path) -> None:
    morph = ReportedMorph(
        model="m", content_hash="0123abcd", device="cpu", precision="float32", morph="hybrid",
        embedding_fade="HannFade", pace="curve",
    )  # fmt: skip
    report = report_of(
        replace(transition(0), curve="tri:qsin"),
        replace(transition(1), method="nsynth", nsynth=morph),
    )
    text = page_of(tmp_path, report).text
    assert "simple, tri out, qsin in" in text
    assert "NSynth, hybrid, HannFade" in text
    assert "NSynth modelm " in text
    assert text.endswith(", NSynth by the model m, content 0123abcd")


def test_tracks_stand_at_the_end_with_their_times(flagged_page: Page) -> None:
    end = flagged_page.text.split(" Tracks ")[-1]
    assert end.startswith(
        "0:00.0 track 0.wav 0:10.0 track 1.wav 0:20.0 track 2.wav 0:30.0 track 3.wav"
    )


def test_one_track_alone_has_no_transitions(tmp_path: Path) -> None:
    page = page_of(tmp_path, report_of())
    assert "This mix has none" in page.text
    assert "only one track could be used" in page.text
    assert page.values("href") == []


def test_a_silent_mix_has_no_peak(tmp_path: Path) -> None:
    assert "<dd>silent</dd>" in page_of(tmp_path, replace(report_of(), peak_dbfs=None)).source


# Drawing ----------------------------------------------------------------------------------------


def placed(drawing: ET.Element, kind: str) -> list[tuple[float, float]]:
    """Where rectangles lie across, as shares of the time axis: from, to."""
    found = []
    for rect in drawing.findall(f".//rect[@class='{kind}']"):
        x, width = (float(rect.attrib[name].rstrip("%")) for name in ("x", "width"))
        found.append(((x - 12) / 86, (x + width - 12) / 86))
    return found


def outline_x(drawing: ET.Element, kind: str) -> tuple[int, int]:
    """Where a waveform begins and ends, of 1000."""
    path = drawing.find(f".//path[@class='wave {kind}']")
    assert path is not None
    numbers = [int(n) for n in re.findall(r"-?\d+", path.attrib["d"])]
    across = np.cumsum(numbers[0::2])
    return int(across.min()), int(across.max())


def test_transition_and_flagged_stretches_lie_on_the_axis_of_the_waveforms(
    flagged_page: Page,
) -> None:
    """The axis is 10 s long and begins 3 s before the transition, which takes 4 s."""
    first, second = flagged_page.drawings
    assert placed(first, "region") == [pytest.approx((0.3, 0.7), abs=1e-3)]
    assert placed(first, "flag-bar") == [
        pytest.approx((0.6, 0.6), abs=1e-3),
        pytest.approx((0.4, 0.5), abs=1e-3),
    ]
    assert placed(second, "flag-bar") == []
    assert outline_x(first, "mixed") == (0, 1000)
    assert outline_x(first, "outgoing") == (0, 700)
    assert outline_x(first, "incoming") == (300, 1000)


def test_a_curve_is_drawn_at_its_times_and_to_its_scale(flagged_page: Page) -> None:
    """From 0 s to 3.9 s of an axis from -3 s to 7 s, and from 0 to 39 of 40."""
    path = flagged_page.drawings[0].find(".//path[@class='curve mixed']")
    assert path is not None
    numbers = [int(n) for n in re.findall(r"-?\d+", path.attrib["d"])]
    across, down = np.cumsum(numbers[0::2]), np.cumsum(numbers[1::2])
    assert (across[0], across[-1]) == (300, 690)
    assert (down[0], down[-1]) == (100, 3)
    assert "40" in [text.text for text in flagged_page.drawings[0].iter("text")]


def test_times_are_written_below_the_waveforms_at_their_places(flagged_page: Page) -> None:
    texts = {t.text: t.attrib["x"] for t in flagged_page.drawings[0].iter("text")}
    assert (texts["0:00.0"], texts["0:05.0"]) == ("37.80%", "80.80%")


def test_a_drawing_says_what_it_shows_to_those_who_do_not_see_it(flagged_page: Page) -> None:
    drawing = flagged_page.drawings[0]
    names = drawing.attrib["aria-labelledby"].split()
    texts = {e.attrib["id"]: e.text or "" for e in drawing if "id" in e.attrib}
    assert texts[names[0]] == "Transition 1 over time"
    assert "Marked: there is a click at 0:03.0." in texts[names[1]]


def test_a_cut_is_drawn_without_curves(tmp_path: Path) -> None:
    nothing = Curve(start_s=0.0, hop_s=1.0, mixed=(), outgoing=(), incoming=())
    quality = Measured(click=measure_of(30.0, "it clicks", (0.0, 0.0)))
    measured = replace(measured_of(quality), roughness=nothing, dissonance=nothing)
    page = page_of(tmp_path, report_of(transition(0, quality, frames=0)), {0: measured})
    assert "cut, no fade" in page.text
    (drawing,) = page.drawings
    assert placed(drawing, "region") == [pytest.approx((0.3, 0.3), abs=1e-3)]
    assert drawing.findall(".//path[@class='curve mixed']") == []


def test_a_transition_with_nothing_around_it_is_told_without_a_drawing(tmp_path: Path) -> None:
    measured = measured_of(Measured(), start_s=0.0, n_columns=6)
    empty = Outline(start_s=0.0, column_s=1.0, mixed=(), outgoing=(), incoming=())
    report = report_of(transition(0, Measured()))
    page = page_of(tmp_path, report, {0: replace(measured, outline=empty)})
    assert page.drawings == []
    assert "There was nothing to measure here." in page.text


# The file ---------------------------------------------------------------------------------------


def test_nothing_is_fetched_and_nothing_runs(flagged_page: Page) -> None:
    lower = flagged_page.source.lower()
    for word in ("http", "src=", "url(", "@import", "<script", "<link"):
        assert word not in lower
    assert not [name for _, name, _ in flagged_page.attributes if name.startswith("on")]


def test_phones_and_screen_readers_are_told_what_they_need(flagged_page: Page) -> None:
    assert ("html", "lang", "en") in flagged_page.attributes
    assert ("meta", "content", "width=device-width, initial-scale=1") in flagged_page.attributes
    sizes = re.findall(r"font(?:-size)?:(\d+)px", flagged_page.source)
    assert min(int(size) for size in sizes) >= 15


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 has it."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_words_stand_out_from_their_ground_in_light_and_dark(flagged_page: Page) -> None:
    palettes = [
        dict(re.findall(r"--(\w+):(#\w{6})", block.replace("\n", "")))
        for block in re.findall(r":root\{.*?\}", flagged_page.source, re.S)
    ]
    assert len(palettes) == 2
    on_panel = [(name, "panel") for name in ("text", "second", "accent", "ok", "flagged")]
    for palette in palettes:
        for name, ground in [*on_panel, ("text", "page"), ("second", "page")]:
            light, dark = sorted((_luminance(palette[n]) for n in (name, ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12))
def test_no_name_of_a_file_can_be_taken_for_markup(tmp_path_factory, name: str) -> None:
    names = [f"x{name}", f"{name}x"]
    report = report_of(transition(0), names=names)
    report = replace(report, output=f"/m/{name}.wav", notes=(f"is {name}",))
    page = page_of(tmp_path_factory.getbasetemp(), report)
    for expected in (*map(shown, names), shown(f"is {name}")):
        assert " ".join(expected.split()) in page.text


@pytest.mark.parametrize(
    "name", ["<script>a&b</script>.wav", "a\"b'c.wav", os.fsdecode(b"caf\xe9.wav"), "a\nb.wav"]
)
def test_odd_names_are_shown_as_they_are_shown_elsewhere(tmp_path: Path, name: str) -> None:
    page = page_of(tmp_path, report_of(transition(0), names=[name, "b.wav"]))
    assert Path(shown(name)).name in page.text
    assert "script" not in {tag for tag, _, _ in page.attributes}


def test_words_of_a_measure_are_escaped_in_text_and_drawing(tmp_path: Path) -> None:
    quality = Measured(click=measure_of(30.0, "a <b> & c"))
    page = page_of(tmp_path, report_of(transition(0, quality)), {0: measured_of(quality)})
    assert "A <b> & c." in page.text
    assert "Marked: a <b> & c." in "".join(page.drawings[0].itertext())


def test_a_page_that_can_not_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        save_html(report_of(), {}, tmp_path / "missing" / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_timing_is_not_told(tmp_path: Path, flagged_page: Page) -> None:
    report = report_of(transition(0, FLAGGED), transition(1, FINE), transition(2))
    slower = replace(report, timing_s={"total": 99.0})
    measured = {1: measured_of(FINE), 0: measured_of(FLAGGED)}
    assert page_of(tmp_path, slower, measured).source == flagged_page.source


def test_a_real_mix_gives_one_small_page_the_same_each_time(tmp_path: Path) -> None:
    music = signals.music(12, RATE_HZ)
    paths = [
        signals.write(tmp_path / "one.wav", music, RATE_HZ),
        signals.write(tmp_path / "two.wav", music * np.float32(0.1), RATE_HZ),
    ]
    limits = QualityLimits(**dict.fromkeys(MEASURES, 1e-9))
    project = Project(
        tracks=tracks_of(paths), default=TransitionSpec(duration_s=5.0), limits=limits
    )
    pages = []
    for _ in range(2):
        told: dict[int, MeasuredTransition] = {}
        report = mix_project(
            project, tmp_path / "mix.wav", overwrite=True, measure=True,
            on_measured=told.__setitem__,
        )  # fmt: skip
        pages.append(page_of(tmp_path, report, told))
    assert pages[0].source == pages[1].source
    (drawing,) = pages[0].drawings
    assert len(drawing.findall(".//path[@class='curve mixed']")) == 2
    assert len(pages[0].source.encode()) < 45_000


def test_what_is_joined_on_the_beat_says_so_with_its_tempo(tmp_path: Path) -> None:
    joined = replace(transition(0, FINE), join=JOIN)
    source = page_of(tmp_path, report_of(joined, transition(1, FINE))).source
    assert source.count("on the beat at 124.0 BPM, equal power") == 2  # in table and section
    assert source.count("simple, equal power") == 2
