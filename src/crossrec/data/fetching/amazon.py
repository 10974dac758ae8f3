"""Amazon reviews of the McAuley Lab: the 2023, 2018 and 2014 editions, a category each."""

from __future__ import annotations

from crossrec.data.fetching.corpus import Corpus, Counts, Licence, RemoteFile

__all__ = ["EDITIONS", "amazon", "amazon_categories"]

EDITIONS = ("amazon-2023", "amazon-2018", "amazon-2014")
"""The editions, the newest first."""

_LAB = "https://mcauleylab.ucsd.edu/public_datasets/data/"
_SNAP = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles/"
_PAGES = {
    "amazon-2023": "https://amazon-reviews-2023.github.io/",
    "amazon-2018": "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon_v2/",
    "amazon-2014": "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon/links.html",
}
_CITATIONS = {
    "amazon-2023": (
        "Yupeng Hou, Jiacheng Li, Zhankui He, An Yan, Xiusi Chen, Julian McAuley. 2024. Bridging Language and Items "
        "for Retrieval and Recommendation. https://arxiv.org/abs/2403.03952"
    ),
    "amazon-2018": (
        "Jianmo Ni, Jiacheng Li, Julian McAuley. 2019. Justifying Recommendations using Distantly-Labeled Reviews and "
        "Fine-Grained Aspects. EMNLP."
    ),
    "amazon-2014": (
        "Ruining He, Julian McAuley. 2016. Ups and Downs: Modeling the Visual Evolution of Fashion Trends with "
        "One-Class Collaborative Filtering. WWW."
    ),
}

# category, users, items, ratings as https://amazon-reviews-2023.github.io/ prints them
_2023 = """
All_Beauty 632.0K 112.6K 701.5K
Amazon_Fashion 2.0M 825.9K 2.5M
Appliances 1.8M 94.3K 2.1M
Arts_Crafts_and_Sewing 4.6M 801.3K 9.0M
Automotive 8.0M 2.0M 20.0M
Baby_Products 3.4M 217.7K 6.0M
Beauty_and_Personal_Care 11.3M 1.0M 23.9M
Books 10.3M 4.4M 29.5M
CDs_and_Vinyl 1.8M 701.7K 4.8M
Cell_Phones_and_Accessories 11.6M 1.3M 20.8M
Clothing_Shoes_and_Jewelry 22.6M 7.2M 66.0M
Digital_Music 101.0K 70.5K 130.4K
Electronics 18.3M 1.6M 43.9M
Gift_Cards 132.7K 1.1K 152.4K
Grocery_and_Gourmet_Food 7.0M 603.2K 14.3M
Handmade_Products 586.6K 164.7K 664.2K
Health_and_Household 12.5M 797.4K 25.6M
Health_and_Personal_Care 461.7K 60.3K 494.1K
Home_and_Kitchen 23.2M 3.7M 67.4M
Industrial_and_Scientific 3.4M 427.5K 5.2M
Kindle_Store 5.6M 1.6M 25.6M
Magazine_Subscriptions 60.1K 3.4K 71.5K
Movies_and_TV 6.5M 747.8K 17.3M
Musical_Instruments 1.8M 213.6K 3.0M
Office_Products 7.6M 710.4K 12.8M
Patio_Lawn_and_Garden 8.6M 851.7K 16.5M
Pet_Supplies 7.8M 492.7K 16.8M
Software 2.6M 89.2K 4.9M
Sports_and_Outdoors 10.3M 1.6M 19.6M
Subscription_Boxes 15.2K 641 16.2K
Tools_and_Home_Improvement 12.2M 1.5M 27.0M
Toys_and_Games 8.1M 890.7K 16.3M
Video_Games 2.8M 137.2K 4.6M
Unknown 23.1M 13.2M 63.8M
"""

# category, items in the product file, reviews as https://cseweb.ucsd.edu/~jmcauley/datasets/amazon_v2/ prints them
_2018 = """
AMAZON_FASHION 186637 883636
All_Beauty 32992 371345
Appliances 30459 602777
Arts_Crafts_and_Sewing 303426 2875917
Automotive 932019 7990166
Books 2935525 51311621
CDs_and_Vinyl 544442 4543369
Cell_Phones_and_Accessories 590269 10063255
Clothing_Shoes_and_Jewelry 2685059 32292099
Digital_Music 465392 1584082
Electronics 786868 20994353
Gift_Cards 1548 147194
Grocery_and_Gourmet_Food 287209 5074160
Home_and_Kitchen 1301225 21928568
Industrial_and_Scientific 167524 1758333
Kindle_Store 493859 5722988
Luxury_Beauty 12308 574628
Magazine_Subscriptions 3493 89689
Movies_and_TV 203970 8765568
Musical_Instruments 120400 1512530
Office_Products 315644 5581313
Patio_Lawn_and_Garden 279697 5236058
Pet_Supplies 206141 6542483
Prime_Pantry 10815 471614
Software 26815 459436
Sports_and_Outdoors 962876 12980837
Tools_and_Home_Improvement 571982 9015203
Toys_and_Games 634414 8201231
Video_Games 84893 2565349
"""

# category, reviews as https://cseweb.ucsd.edu/~jmcauley/datasets/amazon/links.html prints them
_2014 = """
Amazon_Instant_Video 583933
Apps_for_Android 2638172
Automotive 1373768
Baby 915446
Beauty 2023070
Books 22507155
CDs_and_Vinyl 3749004
Cell_Phones_and_Accessories 3447249
Clothing_Shoes_and_Jewelry 5748920
Digital_Music 836006
Electronics 7824482
Grocery_and_Gourmet_Food 1297156
Health_and_Personal_Care 2982326
Home_and_Kitchen 4253926
Kindle_Store 3205467
Movies_and_TV 4607047
Musical_Instruments 500176
Office_Products 1243186
Patio_Lawn_and_Garden 993490
Pet_Supplies 1235316
Sports_and_Outdoors 3268695
Tools_and_Home_Improvement 1926047
Toys_and_Games 2252771
Video_Games 1324753
"""
_TABLES = {"amazon-2023": _2023, "amazon-2018": _2018, "amazon-2014": _2014}


def amazon_categories(edition: str) -> tuple[str, ...]:
    """Return the categories of an edition, written as in its addresses."""
    return tuple(line.split()[0] for line in _TABLES[edition].split("\n") if line)


def amazon(edition: str, category: str) -> Corpus:
    """Describe one category of one edition.

    `category` ends in `_5` for the 5-core of the two older editions: every user and item there has five reviews.
    """
    core = category.endswith("_5")
    plain = category.removesuffix("_5")
    reviews, products = _addresses(edition, plain, core=core)
    return Corpus(
        name=f"{edition}:{category}",
        title=f"Amazon reviews {edition[-4:]}, {plain.replace('_', ' ')}{', the 5-core' if core else ''}",
        page=_PAGES[edition],
        licence=Licence(
            name=edition,
            terms=(
                "No licence is stated. The McAuley Lab offers the data for research and asks for the citation; the "
                "reviews are their authors' and Amazon's. Names of reviewers stand in the older files."
            ),
            page=_PAGES[edition],
            consent=True,
        ),
        citation=_CITATIONS[edition],
        files=(RemoteFile(reviews, "reviews"), RemoteFile(products, "metadata")),
        source="amazon",
        domain=plain.lower(),
        counts=Counts() if core else _counts(edition, plain),
    )


def _addresses(edition: str, category: str, *, core: bool) -> tuple[str, str]:
    """Return the addresses of the reviews and of the products."""
    if edition == "amazon-2023":
        raw = f"{_LAB}amazon_2023/raw/"
        return f"{raw}review_categories/{category}.jsonl.gz", f"{raw}meta_categories/meta_{category}.jsonl.gz"
    if edition == "amazon-2018":
        form = f"categoryFilesSmall/{category}_5" if core else f"categoryFiles/{category}"
        return f"{_LAB}amazon_v2/{form}.json.gz", f"{_LAB}amazon_v2/metaFiles2/meta_{category}.json.gz"
    return f"{_SNAP}reviews_{category}{'_5' if core else ''}.json.gz", f"{_SNAP}meta_{category}.json.gz"


def _counts(edition: str, category: str) -> Counts:
    """Read the published counts of a category off its table."""
    line = next(line for line in _TABLES[edition].split("\n") if line.split()[:1] == [category])
    numbers: list[int | None] = [_number(text) for text in line.split()[1:]]
    users, items, ratings = [None] * (3 - len(numbers)) + numbers
    when = {"amazon-2018": "October 2018; items are those of the product file", "amazon-2014": "July 2014"}
    return Counts(users, items, ratings, edition=when.get(edition, "September 2023"), rounded=edition == "amazon-2023")


def _number(text: str) -> int:
    """Read 632.0K or 2.0M.

    >>> _number("825.9K"), _number("641")
    (825900, 641)
    """
    scale = {"K": 1_000, "M": 1_000_000}.get(text[-1], 1)
    return round(float(text.rstrip("KM")) * scale)
