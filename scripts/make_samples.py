"""Make the bundled sample from the downloaded data sets; the same input gives the same bytes.

    python scripts/make_samples.py ../shared/data

films is taken whole (without users.dat), shop and books are cut as `src/crossrec/samples/README.md` says.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

import polars as pl

SAMPLES = Path(__file__).parent.parent / "src" / "crossrec" / "samples"
ONE_CUSTOMER_IN = 7
ONE_READER_IN = 2
BOOK_COLUMNS = ["book_id", "goodreads_book_id", "authors", "original_publication_year", "title", "language_code"]


def write(path: Path, content: bytes) -> None:
    """Write gzip without a name or time in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{path.relative_to(SAMPLES)}: {len(content.splitlines()):,} lines, {path.stat().st_size:,} bytes")


def films(data: Path) -> None:
    """Take ratings and movies as they are; users.dat is left out."""
    source = data / "movietweetings-100k"
    for name in ("ratings.dat", "movies.dat"):
        write(SAMPLES / "films" / f"{name}.gz", gzip.decompress((source / f"{name}.gz").read_bytes()))
    shutil.copyfile(source / "LICENSE", SAMPLES / "films" / "LICENSE")


def shop(data: Path) -> None:
    """Take one customer in seven with all their rows, and the rows without a customer of the first day."""
    text = gzip.decompress((data / "online-retail-uci" / "online_retail.csv.gz").read_bytes())
    header, *lines = text.splitlines(keepends=True)
    kept = [line for line in lines if wanted(line)]
    write(SAMPLES / "shop" / "online_retail.csv.gz", header + b"".join(kept))


def wanted(line: bytes) -> bool:
    """Say whether a row of the shop is in the cut; its customer and country are the last two fields."""
    customer = line.rsplit(b",", 2)[1]
    if not customer:
        return b",2010-12-01 " in line
    return int(float(customer)) % ONE_CUSTOMER_IN == 0


def books(data: Path) -> None:
    """Take the readers with an even number, and six columns of the books."""
    source = data / "goodbooks-10k-sample"
    text = gzip.decompress((source / "ratings_random.csv.gz").read_bytes())
    header, *lines = text.splitlines(keepends=True)
    kept = [line for line in lines if int(line.split(b",")[0]) % ONE_READER_IN == 0]
    write(SAMPLES / "books" / "ratings.csv.gz", header + b"".join(kept))
    table = pl.read_csv(gzip.decompress((source / "books.csv.gz").read_bytes()), infer_schema=False)
    write(SAMPLES / "books" / "books.csv.gz", table.select(BOOK_COLUMNS).write_csv().encode())


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    films(folder)
    shop(folder)
    books(folder)
