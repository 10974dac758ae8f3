"""UCI Online Retail: invoices of a shop with returns and missing customers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crossrec.data.intake.prescan import prescan
from crossrec.data.source import FileNote, Reading, Rules, refused_of
from crossrec.data.sources import _faults, _files, _lines

__all__ = ["Retail"]

_COLUMNS = {
    "invoice": ("InvoiceNo", "Invoice"),
    "item_id": ("StockCode",),
    "title": ("Description",),
    "quantity": ("Quantity",),
    "timestamp": ("InvoiceDate",),
    "price": ("UnitPrice", "Price"),
    "user_id": ("CustomerID", "Customer ID"),
    "country": ("Country",),
}


@dataclass(frozen=True)
class Retail:
    """Reads the CSV of Online Retail (and II): a line of an invoice is a purchase or a return.

    A line of a cancelled invoice (`C…`) or with a negative quantity is a "return". Lines without a customer
    are quarantined. So are stock codes that are no product (no digits first: POST, DOT, M, BANK CHARGES …),
    unless `services` is true. Customers written `17850.0` become `17850`. The weight is 1; invoice, quantity,
    price and country stand in the context.

    Args:
        services: Keep postage, fees and adjustments as items.
        encoding: "utf-8" or "latin-1".

    Source: Chen 2015, Online Retail, UCI Machine Learning Repository, doi:10.24432/C5BW33.
    """

    services: bool = False
    encoding: str = "utf-8"

    def read(self, path: Path, workspace: Path) -> Reading:
        """Look at the file and say how it is read; see `Source.read`."""
        entry = _files.require(path, ("online_retail*.csv", "online retail*.csv", "*.csv"), "retail")
        text = prescan(entry, workspace, encoding=self.encoding)
        header = _lines.header_of(text)
        columns = _lines.pick(text, header, _COLUMNS)
        rows = _lines.settled(_lines.csv_rows(text, header), columns)
        return Reading(
            rows=self._invoices(rows),
            rules=Rules(None, unit="auto", kind="purchase", own_context=True),
            files=(FileNote.of(text),),
            items=_titles(rows),
            refused=refused_of(text),
            licence="CC BY 4.0",
        )

    def _invoices(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Read kind, context and customer of each line, and note what is no product."""
        quantity = pl.col("quantity").cast(pl.Int64, strict=False)
        price = pl.col("price").cast(pl.Float64, strict=False)
        service = ~pl.col("item_id").str.contains(r"^\d") & (pl.col("item_id") != "")
        faults = [
            (quantity.is_null(), "quantity is not a whole number", "quantity"),
            (quantity == 0, "quantity is 0", "quantity"),
            (price.is_null() | ~price.is_finite(), "price is not a number", "price"),
        ]
        if not self.services:
            faults.append((service, "stock code is no product", "item_id"))
        back = pl.col("invoice").str.starts_with("C") | (quantity < 0)
        details = pl.struct("invoice", quantity.alias("quantity"), price.alias("price"), "country")
        return _faults.blamed(rows, faults).select(
            "file",
            "line",
            pl.col("user_id").str.strip_suffix(".0"),
            pl.col("item_id").str.strip_chars().str.to_uppercase(),
            "timestamp",
            pl.when(back).then(pl.lit("return")).otherwise(pl.lit("purchase")).alias("interaction_type"),
            details.struct.json_encode().alias("context"),
            *_faults.PROBLEM,
        )


def _titles(rows: pl.LazyFrame) -> pl.DataFrame:
    """Give each product its most frequent description and its median price."""
    good = rows.filter(pl.col("problem").is_null()).select(
        pl.col("item_id").str.strip_chars().str.to_uppercase(),
        pl.col("title").str.strip_chars(),
        pl.col("price").cast(pl.Float64, strict=False),
        pl.col("user_id").is_in(["", None]).not_().alias("sold"),
    )
    counted = good.filter(pl.col("title") != "", "sold").group_by("item_id", "title").len()
    names = counted.sort(["len", "title"], descending=[True, False]).unique(
        "item_id", keep="first", maintain_order=True
    )
    prices = good.filter(pl.col("price") > 0).group_by("item_id").agg(pl.col("price").median())
    frame = names.drop("len").join(prices, on="item_id", how="left").sort("item_id")
    return frame.collect(engine="streaming")
