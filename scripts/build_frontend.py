"""Build the studio's page: src/thymos/serve/studio/static from frontend/, with the hash of its sources beside it.

    python scripts/build_frontend.py           install what package-lock.json names, check, test, build
    python scripts/build_frontend.py --quick   build alone

Needs Node 20.19 or newer; whoever only uses thymos does not. ``tests/serve/studio/test_bundle.py`` holds the bundle
against the hash, so a change of the sources without a build is seen.
"""

import argparse
import hashlib
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
FRONTEND = HERE / "frontend"
STATIC = HERE / "src" / "thymos" / "serve" / "studio" / "static"
PLACES = FRONTEND / "src" / "affect" / "places.json"
BUILT_FROM = "SOURCES.txt"
SOURCES = ("index.html", "package.json", "package-lock.json", "vite.config.ts", "public", "src")


def sources_sha256(frontend: Path) -> str:
    """One hash over all sources of the bundle; line ends count as one, tests do not count.

    Args:
        frontend: the folder with ``package.json``.
    """
    total = hashlib.sha256()
    files = [path for name in SOURCES for path in [frontend / name, *(frontend / name).rglob("*")] if path.is_file()]
    for path in sorted(files, key=lambda one: one.relative_to(frontend).as_posix()):
        if path.name.endswith(".test.ts"):
            continue
        content = hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        total.update(f"{path.relative_to(frontend).as_posix()} {content}\n".encode())
    return total.hexdigest()


def write_places() -> None:
    """Valence and arousal of every label, from the schemes, for the page."""
    from thymos.serve.studio.reading import label_places

    lines = [f"  {json.dumps(name)}: [{valence:g}, {arousal:g}]" for name, (valence, arousal) in label_places().items()]
    PLACES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def write_licenses() -> None:
    """The licenses of everything that is in the bundle: what package.json needs at run time, and what that needs."""
    wanted = list(json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))["dependencies"])
    seen: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        folder = FRONTEND / "node_modules" / name
        if name in seen or not folder.is_dir():
            continue
        about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        names = ("LICENSE", "LICENCE", "COPYING")
        texts = sorted(path for path in folder.iterdir() if path.name.upper().startswith(names))
        text = "\n\n".join(path.read_text(encoding="utf-8").strip() for path in texts if path.is_file())
        author = about.get("author", "")
        owner = author if isinstance(author, str) else author.get("name", "")
        note = text or f"License: {about.get('license')}. {owner}".strip()
        seen[name] = f"{name} {about['version']} ({about.get('license')})\n\n{note}"
        wanted += list(about.get("dependencies", {}))
    parts = ["The page of thymos studio contains these packages.", *(seen[name] for name in sorted(seen))]
    (STATIC / "THIRD_PARTY_LICENSES.txt").write_text(f"\n\n{'-' * 100}\n\n".join(parts) + "\n", encoding="utf-8")


def main() -> None:
    """Build."""
    parser = argparse.ArgumentParser(description="Build the studio's page.")
    parser.add_argument("--quick", action="store_true", help="build alone, without install, checks and tests")
    arguments = parser.parse_args()
    steps = [["run", "bundle"]]
    if not arguments.quick:
        steps = [["ci"], ["run", "typecheck"], ["run", "lint"], ["test"], *steps]
    write_places()
    for step in steps:
        subprocess.run(["npm", *step], cwd=FRONTEND, check=True)
    write_licenses()
    (STATIC / BUILT_FROM).write_text(sources_sha256(FRONTEND) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file())
    print(f"{STATIC.relative_to(HERE)}: {size / 1024:,.0f} KB")


if __name__ == "__main__":
    main()
