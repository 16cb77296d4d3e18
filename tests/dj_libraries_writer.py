"""Libraries of rekordbox and Traktor as those programs write them, with what a test asks for."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

Attributes = dict[str, str]


def element(name: str, attributes: Attributes, *inside: str) -> str:
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    if not inside:
        return f"<{name}{written}/>"
    return "\n".join([f"<{name}{written}>", *inside, f"</{name}>"])


# rekordbox ---------------------------------------------------------------------------------------


def tempo(inizio: str, bpm: str, battito: str = "1", metro: str = "4/4") -> str:
    return element("TEMPO", {"Inizio": inizio, "Bpm": bpm, "Metro": metro, "Battito": battito})


def rekordbox_track(number: int, location: str, *marks: str, **attributes: str) -> str:
    facts = {"TrackID": str(number), "Name": f"Song {number}", "Kind": "WAV File", **attributes}
    return element("TRACK", {**facts, "Location": location}, *marks)


def rekordbox_list(name: str, *keys: str, key_type: str = "0") -> str:
    facts = {"Name": name, "Type": "1", "KeyType": key_type, "Entries": str(len(keys))}
    return element("NODE", facts, *(element("TRACK", {"Key": key}) for key in keys))


def rekordbox_folder(name: str, *nodes: str) -> str:
    return element("NODE", {"Type": "0", "Name": name, "Count": str(len(nodes))}, *nodes)


def rekordbox(tracks: list[str], nodes: list[str]) -> str:
    product = {"Name": "rekordbox", "Version": "6.8.5", "Company": "AlphaTheta"}
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + element(
        "DJ_PLAYLISTS",
        {"Version": "1.0.0"},
        element("PRODUCT", product),
        element("COLLECTION", {"Entries": str(len(tracks))}, *tracks),
        element("PLAYLISTS", {}, rekordbox_folder("ROOT", *nodes)),
    )


# Traktor -----------------------------------------------------------------------------------------


def grid_marker(start_ms: str, bpm: str | None = None) -> str:
    facts = {"NAME": "AutoGrid", "DISPL_ORDER": "0", "TYPE": "4", "START": start_ms}
    grid = [] if bpm is None else [element("GRID", {"BPM": bpm})]
    return element("CUE_V2", {**facts, "LEN": "0.000000", "REPEATS": "-1", "HOTCUE": "0"}, *grid)


def traktor_track(volume: str, folder: str, file: str, *parts: str) -> str:
    place = {"DIR": folder, "FILE": file, "VOLUME": volume, "VOLUMEID": volume}
    facts = {"TITLE": f"Title of {file}", "ARTIST": "Someone"}
    return element("ENTRY", facts, element("LOCATION", place), *parts)


def traktor_list(name: str, *keys: str) -> str:
    entries = [
        element("ENTRY", {}, element("PRIMARYKEY", {"TYPE": "TRACK", "KEY": key})) for key in keys
    ]
    listing = element("PLAYLIST", {"ENTRIES": str(len(keys)), "TYPE": "LIST"}, *entries)
    return element("NODE", {"TYPE": "PLAYLIST", "NAME": name}, listing)


def traktor_folder(name: str, *nodes: str) -> str:
    inside = element("SUBNODES", {"COUNT": str(len(nodes))}, *nodes)
    return element("NODE", {"TYPE": "FOLDER", "NAME": name}, inside)


def traktor(tracks: list[str], nodes: list[str]) -> str:
    head = {"COMPANY": "www.native-instruments.com", "PROGRAM": "Traktor Pro 4"}
    return '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + element(
        "NML",
        {"VERSION": "20"},
        element("HEAD", head),
        element("COLLECTION", {"ENTRIES": str(len(tracks))}, *tracks),
        element("PLAYLISTS", {}, traktor_folder("$ROOT", *nodes)),
    )
