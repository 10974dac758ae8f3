from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.dataset import open_dataset
from crossrec.data.intake.importing import import_source
from crossrec.data.linking.adding import add_links
from crossrec.data.linking.address import person_of_address
from crossrec.data.linking.links import read_links
from crossrec.data.linking.removing import remove_person

SECRET = "a secret of the company"  # noqa: S105
ADDRESS = "Ann.Other@Example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Films and books with users of their own: 1, 2, 3 and a, b."""
    out = tmp_path / "data"
    for domain, users in (("films", "123"), ("books", "ab")):
        path = tmp_path / f"{domain}.csv"
        path.write_text("user_id,item_id\n" + "".join(f"{user},{domain[0]}{n}\n" for user in users for n in range(3)))
        import_source("tables", path, domain, out)
    return out


def table(*rows: tuple[str, str, str], **more: list[str]) -> pl.DataFrame:
    found = pl.DataFrame(list(rows), schema=["domain", "user_id", "person_id"], orient="row")
    return found.with_columns(pl.Series(name, values) for name, values in more.items())


def users(folder: Path) -> set[str]:
    return set(open_dataset(folder).interactions().user_ids.series.to_list())


def test_linked_accounts_are_one_user_with_the_persons_id(folder: Path) -> None:
    assert users(folder) == {"films:1", "films:2", "films:3", "books:a", "books:b"}
    summary = add_links(folder, table(("films", "1", "ann"), ("books", "a", "ann")))
    assert (summary.rows, summary.linked, summary.persons) == (2, 2, 1)
    assert users(folder) == {"ann", "films:2", "films:3", "books:b"}
    data = open_dataset(folder).interactions()
    ann = data.user_ids.encode(["ann"])[0]
    assert sorted(data.item_ids.decode(data.items[data.users == ann])) == [
        "books:b0", "books:b1", "books:b2", "films:f0", "films:f1", "films:f2",
    ]  # fmt: skip


def test_alone_a_domain_keeps_the_ids_of_its_source(folder: Path) -> None:
    add_links(folder, table(("films", "1", "ann"), ("books", "a", "ann")))
    assert set(open_dataset(folder).interactions(["films"]).user_ids.series.to_list()) == {"1", "2", "3"}


def test_every_row_of_a_table_is_accounted_for(folder: Path) -> None:
    rows = table(("films", "1", "ann"), ("books", "a", "ann"), ("films", "2", "bob"), ("books", "zzz", "bob"))
    rows = rows.with_columns(consent=pl.Series(["yes", "true", "no", "1"]))
    summary = add_links(folder, rows)
    assert (summary.linked, summary.without_consent, summary.unknown_accounts) == (2, 1, 1)
    again = add_links(folder, rows)
    assert (again.linked, again.known) == (0, 2)
    assert sum((again.linked, again.known, again.without_consent, again.unknown_accounts)) == again.rows


def test_a_removed_person_falls_apart_and_stays_apart(folder: Path) -> None:
    rows = table(("films", "1", "ann"), ("books", "a", "ann"))
    add_links(folder, rows)
    assert remove_person(folder, "ann") == 2
    assert "films:1" in users(folder)
    assert add_links(folder, rows).removed_before == 2
    assert "films:1" in users(folder)
    kept = (folder / "links.json").read_text()
    assert "ann" not in kept and '"1"' not in kept
    with pytest.raises(NotFound, match="no such person"):
        remove_person(folder, "ann")


def test_contradictions_are_refused_whole(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="rows 2, 3: expected one person for an account"):
        add_links(folder, table(("films", "1", "ann"), ("films", "1", "bob"), ("books", "a", "ann")))
    assert read_links(folder).table.is_empty()
    two = table(("films", "1", "ann"), ("films", "2", "ann"))
    with pytest.raises(InvalidInput, match="merge-accounts"):
        add_links(folder, two)
    assert add_links(folder, two, merge_accounts=True).linked == 2
    with pytest.raises(InvalidInput, match="rows 2: expected one person for an account"):
        add_links(folder, table(("films", "1", "eve")))


def test_a_person_called_like_a_user_is_refused_when_read(folder: Path) -> None:
    add_links(folder, table(("films", "1", "books:b"), ("books", "a", "books:b")))
    with pytest.raises(InvalidInput, match="user 'books:b': .*a linked person and a domain's own user"):
        open_dataset(folder).interactions()


def test_addresses_link_and_are_nowhere_to_be_found(folder: Path) -> None:
    rows = pl.DataFrame(
        {"domain": ["films", "books"], "user_id": ["1", "a"], "email": [ADDRESS, f" {ADDRESS.lower()} "]}
    )
    assert add_links(folder, rows, secret=SECRET).persons == 1
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert b"example" not in content and b"other" not in content, path
    with pytest.raises(InvalidInput, match="at least 16 characters"):
        add_links(folder, rows, secret="short")  # noqa: S106
    bad = rows.with_columns(email=pl.Series([ADDRESS, "no address of mine"]))
    with pytest.raises(InvalidInput, match="row 3: email: expected an address") as caught:
        add_links(folder, bad, secret=SECRET)
    assert "mine" not in str(caught.value) and caught.value.__cause__ is None


@given(st.from_regex(r"[a-zA-Z0-9.+]{1,20}@[a-z]{1,9}\.org", fullmatch=True))
def test_only_case_and_blanks_are_forgiven(address: str) -> None:
    same = person_of_address(f"  {address.upper()}\t", SECRET)
    assert same == person_of_address(address, SECRET)
    assert same != person_of_address(address, SECRET + "!")
    assert same != person_of_address(f"x{address}", SECRET)
    assert address.lower() not in same


def test_what_a_table_must_have_is_said(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="expected a column 'user_id'"):
        add_links(folder, pl.DataFrame({"domain": ["films"], "person_id": ["x"]}))
    with pytest.raises(InvalidInput, match="row 2, column domain: expected one of books, films"):
        add_links(folder, table(("film", "1", "ann")))
    with pytest.raises(InvalidInput, match="row 2, column consent: expected true or false"):
        add_links(folder, table(("films", "1", "ann"), consent=["perhaps"]))
    with pytest.raises(InvalidInput, match="row 3: expected domain, user_id and person"):
        add_links(folder, table(("films", "1", "ann"), ("films", "", "bob")))


def test_an_address_in_a_wrong_place_is_refused_and_not_shown(folder: Path) -> None:
    for rows in (
        pl.DataFrame({"domain": [ADDRESS], "user_id": ["1"], "email": ["films"]}),
        table(("films", "1", ADDRESS)),
        table(("films", "1", "ann"), consent=[ADDRESS]),
        pl.DataFrame({"films": ["films"], "1": ["2"], ADDRESS: ["b@example.org"]}),
    ):
        with pytest.raises(InvalidInput) as caught:
            add_links(folder, rows, secret=SECRET)
        assert "example" not in str(caught.value).lower()
    assert not (folder / "links.json").exists()


def test_an_account_of_shared_domains_is_one_account(tmp_path: Path) -> None:
    out = tmp_path / "shared"
    for domain in ("films", "books"):
        path = tmp_path / f"{domain}.csv"
        path.write_text("user_id,item_id\nu,x\nv,y\n")
        import_source("tables", path, domain, out, shared_users=True)
    with pytest.raises(InvalidInput, match="expected one person for an account"):
        add_links(out, table(("films", "u", "ann"), ("books", "u", "bob")))
    add_links(out, table(("films", "u", "ann")))
    assert users(out) == {"ann", "v"}
    remove_person(out, "ann")
    assert add_links(out, table(("books", "u", "ann"))).removed_before == 1
    assert users(out) == {"u", "v"}
