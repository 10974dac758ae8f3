from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.dataset import Dataset
from crossrec.data.source import Reading
from crossrec.data.sources import _genome

Write, Taken, Read = Callable[..., Path], Callable[..., Dataset], Callable[..., Reading]

# The forms of the READMEs of ml-25m, ml-1m and ml-100k and of https://datasets.imdbws.com/, with values of our own.
RATINGS = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n2,7,3.0,964982703\n"
MOVIES = "movieId,title,genres\n1,Toy Story (1995),Animation|Comedy\n7,Sabrina,Romance\n9,Nothing (2001),Drama\n"
LINKS = "movieId,imdbId,tmdbId\n1,0114709,862\n7,0114319,\n9,11470900,5\n"
GENOME_TAGS = "tagId,tag\n" + "".join(f"{number},tag {number}\n" for number in range(1, 31))


def scores(films: list[int], header: str = "movieId,tagId,relevance") -> list[str]:
    return [header, *[f"{film},{tag},{(tag * film) % 31 / 31:.5f}" for film in films for tag in range(1, 31)]]


def test_links_give_the_numbers_of_imdb_and_tmdb(write: Write, taken: Taken) -> None:
    folder = write({"ratings.csv": RATINGS, "movies.csv": MOVIES, "links.csv": LINKS})
    items = taken("movielens", folder).items("x").select("item_id", "imdb_id", "tmdb_id")
    assert items.rows() == [("1", "0114709", "862"), ("7", "0114319", None), ("9", "11470900", "5")]


@pytest.mark.parametrize("quoted", [False, True])
def test_the_genome_keeps_the_best_tags_of_each_film(
    write: Write, taken: Taken, monkeypatch: pytest.MonkeyPatch, quoted: bool
) -> None:
    monkeypatch.setattr(_genome, "_BATCH", 10)  # a film's scores come in several batches
    rows = scores([1, 7])
    bad = ["1,99,0.5", "1,1,1.5", "1,1", ",1,0.5"] if quoted else []
    rows = [rows[0], *([f'"{rows[1][0]}"{rows[1][1:]}'] if quoted else [rows[1]]), *rows[2:], *bad]
    files = {"ratings.csv": RATINGS, "movies.csv": MOVIES, "genome-scores.csv": rows, "genome-tags.csv": GENOME_TAGS}
    dataset = taken("movielens", write(files))
    for row in dataset.items("x").filter(pl.col("item_id").is_in(["1", "7"])).iter_rows(named=True):
        best = sorted(range(1, 31), key=lambda tag: -(tag * int(row["item_id"]) % 31))[:20]
        assert [one["tag"] for one in row["genome"]] == [f"tag {tag}" for tag in best]
        assert row["genome"][0]["relevance"] == pytest.approx(30 / 31, abs=1e-5)
    assert dataset.items("x").filter(pl.col("item_id") == "9")["genome"].to_list() == [None]
    assert dataset.record("x").items_quarantined == (
        {"expected 3 fields": 1, "item_id is missing": 1, "relevance outside 0 to 1": 1, "tag has no name": 1}
        if quoted
        else {}
    )
    whole = taken("movielens", write({}), genome="full").items("x")
    assert whole["genome"].list.len().to_list() == [30, 30, None]
    assert "genome" not in taken("movielens", write({}), genome="none").items("x").columns


def test_a_genome_without_a_good_score_is_refused(write: Write, taken: Taken) -> None:
    files = {"ratings.csv": RATINGS, "movies.csv": MOVIES, "genome-tags.csv": GENOME_TAGS}
    folder = write(files | {"genome-scores.csv": ["movieId,tagId,relevance", "1,1,high"]})
    with pytest.raises(InvalidInput, match=r"genome-scores\.csv: expected scores of tags, got none that is good of 1"):
        taken("movielens", folder)
    write({"genome-scores.csv": ["movieId,tag,relevance", "1,1,0.5"]})
    with pytest.raises(InvalidInput, match=r"genome-scores\.csv, row 1: expected a column 'tagId'"):
        taken("movielens", folder)
    with pytest.raises(InvalidInput, match="option genome: expected one of top, full, none, got 'best'"):
        taken("movielens", folder, genome="best")


IMDB = {
    "title.basics.tsv.gz": "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes"
    "\tgenres\n"
    'tt0114709\tmovie\tToy "Story\t"\t0\t1995\t\\N\t81\tAdventure,Comedy\n'
    "tt0114319\tmovie\tSabrina\tSabrina\t0\t1996\t\\N\t\\N\t\\N\n"
    "tt0000001\tshort\tCarmencita\tCarmencita\t0\t1894\t\\N\t1\tShort\n"
    "cut\n",
    "title.ratings.tsv.gz": "tconst\taverageRating\tnumVotes\ntt0114709\t8.3\t1100000\n",
    "title.crew.tsv.gz": "tconst\tdirectors\twriters\ntt0114709\tnm0005124,nm9\tnm0004056\ntt0114319\t\\N\t\\N\n",
    "name.basics.tsv.gz": "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n"
    "nm9\tSecond Director\t\\N\t\\N\t\\N\t\\N\nnm0005124\tFirst Director\t\\N\t\\N\t\\N\t\\N\n",
}


def test_imdb_is_joined_through_the_links(write: Write, taken: Taken) -> None:
    folder = write({"ratings.csv": RATINGS, "movies.csv": MOVIES, "links.csv": LINKS})
    imdb = write(IMDB, "imdb")
    dataset = taken("movielens", folder, imdb=str(imdb))
    names = ["year", "runtime", "imdb_genres", "imdb_rating", "imdb_votes", "directors"]
    assert dataset.items("x").with_columns(pl.col("imdb_rating").round(2)).select(names).rows() == [
        (
            1995, 81, ["Adventure", "Comedy"], pytest.approx(8.3, abs=1e-5), 1_100_000,
            ["First Director", "Second Director"],
        ),
        (1996, None, None, None, None, None),
        (2001, None, None, None, None, None),
    ]  # fmt: skip
    assert dataset.record("x").items_quarantined == {"expected 9 fields": 1}
    for name in ("title.ratings.tsv.gz", "name.basics.tsv.gz"):
        (imdb / name).unlink()
    assert taken("movielens", folder, imdb=str(imdb)).items("x").columns[-2:] == ["runtime", "imdb_genres"]
    (folder / "links.csv").unlink()
    with pytest.raises(InvalidInput, match=r"imdb: .* put links\.csv beside the ratings"):
        taken("movielens", folder, imdb=str(imdb))
    write({"links.csv": LINKS})
    with pytest.raises(NotFound, match=r"imdb: expected title\.basics\.tsv in"):
        taken("movielens", folder, imdb=str(folder))


def test_movietweetings_needs_no_links_for_imdb(write: Write, taken: Taken) -> None:
    films = {"ratings.dat": "1::0114709::8::1364690142\n", "movies.dat": "0114709::Toy Story (1995)::Comedy\n"}
    dataset = taken("movielens", write(films), imdb=str(write(IMDB, "imdb")))
    assert dataset.items("x")["runtime"].to_list() == [81]
    assert taken("movielens", write(films)).items("x")["imdb_id"].to_list() == ["0114709"]


def test_users_of_1m_and_of_100k(write: Write, taken: Taken) -> None:
    folder = write(
        {
            "ratings.dat": "1::1193::5::978300760\n",
            "movies.dat": "1193::One Flew Over the Cuckoo's Nest (1975)::Drama\n",
            "users.dat": "1::F::1::10::48067\n2::M::56::16::70072-1234\n3::M\n",
        }
    )
    dataset = taken("movielens", folder)
    expected = [("1", 1, "F", "K-12 student", "48067"), ("2", 56, "M", "self-employed", "70072-1234")]
    assert dataset.users("x").rows() == expected
    assert dataset.users("x").columns == ["user_id", "age", "gender", "occupation", "zip"]
    assert dataset.record("x").items_quarantined == {"expected 5 fields": 1}
    folder = write({"u.data": "196\t242\t3\t881250949\n", "u.user": "196|49|M|writer|55105\n"}, "small")
    assert taken("movielens", folder).users("x").rows() == [("196", 49, "M", "writer", "55105")]


def test_the_users_of_movietweetings_are_never_read(write: Write, taken: Taken, tmp_path: Path) -> None:
    twitter = "1::177651718\n2::99999\n"
    folder = write({"ratings.dat": "1::1193::5::978300760\n", "users.dat": twitter})  # no IMDb numbers to tell it by
    dataset = taken("movielens", folder)
    assert "users.dat" not in [file.name for file in dataset.record("x").files]
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"177651718" not in written


def test_tags_of_10m(write: Write, taken: Taken) -> None:
    folder = write(
        {
            "ratings.dat": "1::1193::4.5::978300760\n",
            "movies.dat": "1193::Cuckoo (1975)::Drama\n",
            "tags.dat": "1::1193::Mental::1\n2::1193::mental::2\n2::1193::drama::3\n",
        }
    )
    assert taken("movielens", folder).items("x")["tags"].to_list() == [["mental", "drama"]]


def test_published_counts_of_users_and_films(data_root: Path, write: Write, taken: Taken) -> None:
    dataset = taken("movielens", data_root / "ml-100k")
    users = dataset.users("x")
    assert (users.height, users["occupation"].n_unique(), users.null_count().sum_horizontal().item()) == (943, 21, 0)
    dataset = taken("movielens", data_root / "ml-latest-small")
    items = dataset.items("x")
    assert (items.height, items["imdb_id"].null_count(), items["tmdb_id"].null_count()) == (9742, 0, 8)
    with gzip.open(data_root / "ml-1m" / "ratings.csv.gz", "rt") as stream:
        user, film, rating = stream.readlines()[1].split(",")[:3]
    folder = write(
        {"ratings.dat": f"{user}::{film}::{rating}::978300760\n"}, "1m"
    )  # the set has no times: one is made up
    for name in ("users.dat.gz", "movies.dat.gz"):
        shutil.copy(data_root / "ml-1m" / name, folder / name)
    dataset = taken("movielens", folder)
    assert (dataset.users("x").height, dataset.items("x").height) == (6040, 3883)
    assert dataset.users("x").null_count().sum_horizontal().item() == 0


@pytest.mark.slow
def test_the_genome_at_full_size(write: Write, read: Read) -> None:
    films, tags = 13_816, 1_128
    folder = write({"ratings.csv": RATINGS, "movies.csv": MOVIES})
    table = pl.DataFrame({"movieId": range(1, films + 1)}).join(
        pl.DataFrame({"tagId": range(1, tags + 1)}), how="cross"
    )
    mixed = (pl.col("movieId") * 7919 + pl.col("tagId") * 104729) % 99991 / 99991
    table.with_columns(mixed.round(5).alias("relevance")).write_csv(folder / "genome-scores.csv")
    write({"genome-tags.csv": "tagId,tag\n" + "".join(f"{tag},tag {tag}\n" for tag in range(1, tags + 1))})
    items = read("movielens", folder).items
    assert items is not None
    assert items.filter(pl.col("item_id") != "9")["genome"].list.len().to_list() == [20, 20]
