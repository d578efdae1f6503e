"""Files to products by their names: each rule three times, the properties, and a long list."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribu.matching import texts
from distribu.matching.batch import AMBIGUOUS, MATCHED, SECOND, UNMATCHED, match
from distribu.matching.catalog import Catalog
from distribu.matching.filenames import JUNK, OTHER, OTHER_IMAGE, read_path
from distribu.matching.suggestions import Suggester
from tests.matching.matching_names import CONVENTIONS, TAKEN, all_names, skus, written


def outcomes(paths, catalog):
    """Kind and SKUs of each path; the SKU of a product is its id here."""
    return [(one.kind, one.product_ids) for one in match(paths, [(sku, sku) for sku in catalog])]


def outcome(path, catalog):
    return outcomes([path], catalog)[0]


def thrice(seed):
    """Three SKUs of different shapes, other ones for each rule."""
    return pytest.mark.parametrize("sku", random.Random(seed).sample(skus(24, seed), 3))


@thrice(1)
def test_rule_1_twins_count_wherever_they_stand_in_the_catalog(sku):
    twin = f"{written(sku)}/"
    assert outcome(f"{written(sku)}.jpg", [sku, twin]) == (AMBIGUOUS, tuple(sorted([sku, twin])))


@thrice(2)
@pytest.mark.parametrize(
    "path",
    [
        ".{}.jpg",
        "._{}.jpg",
        ".thumbnails/{}.jpg",
        "__MACOSX/{}.jpg",
        "x/@eaDir/{}.jpg",
        "~${}.jpg",
        "{}.jpg.part",
        "{}.jpg.crdownload",
        "{}/Thumbs.db",
        "{}/desktop.ini",
        "{}/",
    ],
)
def test_rule_2_junk_is_ignored(sku, path):
    assert outcome(path.format(written(sku)), [sku]) == (JUNK, ())


@thrice(3)
@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("HEIC", OTHER_IMAGE),
        ("tif", OTHER_IMAGE),
        ("psd", OTHER_IMAGE),
        ("nef", OTHER_IMAGE),
        ("mp4", OTHER),
        ("pdf", OTHER),
        ("csv", OTHER),
        ("AVIF", MATCHED),
        ("jfif", MATCHED),
    ],
)
def test_rule_3_the_type_in_the_name_decides(sku, type, kind):
    assert outcome(f"{written(sku)}.{type}", [sku])[0] == kind


@thrice(3)
def test_rule_3_a_second_type_is_cut_unless_a_sku_ends_so(sku):
    name = written(sku)
    assert outcome(f"{name}.tif.jpg", [sku]) == (MATCHED, (sku,))
    assert outcome(f"{name}.tif.jpg", [sku, f"{name}.tif"]) == (MATCHED, (f"{name}.tif",))


@pytest.mark.parametrize("sku", ["12.345.6", "7.5", "900.01"])
def test_rule_3_a_dot_is_no_end_of_a_sku(sku):
    assert outcomes([f"{sku}.jpg", f"{sku.rpartition('.')[0]}.jpg"], [sku]) == [
        (MATCHED, (sku,)),
        (UNMATCHED, ()),
    ]


@thrice(4)
def test_rule_4_separators_case_and_normal_form_do_not_count(sku):
    name = "--".join(texts.tokens(sku)).upper()
    assert outcome(f"{name}.jpg", [sku]) == (MATCHED, (sku,))


@pytest.mark.parametrize(
    ("name", "sku"),
    [
        ("ROSE", "ROSÉ"),
        ("07", "007"),
        ("7", "07"),
        ("11-1", "1-11"),
        ("111", "1-11"),
        ("A-12", "\u0410-12"),
        ("ABO-1", "AB0-1"),
        ("STRASSE", "STRAßE"),
        ("M²", "M-2"),
    ],
)
def test_rule_4_what_is_another_sku_somewhere_is_kept_apart(name, sku):
    assert outcome(f"{name}.jpg", [sku]) == (UNMATCHED, ())


@thrice(5)
def test_rule_5_the_whole_name_beats_a_suffix(sku):
    longer = f"{written(sku)}-2"
    assert outcome(f"{longer}.jpg", [sku, longer]) == (MATCHED, (longer,))


@thrice(5)
def test_rule_5a_a_twin_that_no_name_can_hold(sku):
    plain, twin = f"{written(sku)}-1", f"{written(sku)}/1"
    assert outcome(f"{plain}.jpg", [plain, twin]) == (AMBIGUOUS, (plain, twin))


@pytest.mark.parametrize("sku", ["Ab-1", "chair oak", "N-l"])
def test_rule_5b_a_twin_in_another_case(sku):
    twin = sku.upper()
    assert outcome(f"{sku}.jpg", [sku, twin]) == (AMBIGUOUS, tuple(sorted([sku, twin])))


@thrice(5)
def test_rule_5c_the_only_sku_of_a_row(sku):
    stem = written(sku)
    row = [f"x/{stem}-{number}.jpg" for number in (1, 2, 3)]
    assert outcomes(row, [sku, f"{stem}-1"])[0] == (AMBIGUOUS, tuple(sorted([sku, f"{stem}-1"])))
    elsewhere = [row[0], row[1].replace("x/", "y/")]
    assert outcomes(elsewhere, [sku, f"{stem}-1"])[0] == (MATCHED, (f"{stem}-1",))


@thrice(6)
def test_rule_6_the_same_but_for_case(sku):
    assert outcome(f"{written(sku).lower()}.jpg", [sku]) == (MATCHED, (sku,))


@thrice(6)
def test_rule_6_a_view_or_a_sku_that_ends_with_it(sku):
    stem = written(sku)
    longer = f"{stem}-BACK"
    assert outcome(f"{stem}-back.jpg", [sku, longer]) == (AMBIGUOUS, tuple(sorted([sku, longer])))


@pytest.mark.parametrize(
    ("name", "twins"),
    [("A_1", ["A-1", "A/1"]), ("N_L", ["N(-L)", "N-L"]), ("7 x", ["7*X", "7/x"])],
)
def test_rule_7_several_skus_of_the_same_tokens(name, twins):
    assert outcome(f"{name}.jpg", twins) == (AMBIGUOUS, tuple(sorted(twins)))


@thrice(7)
def test_rule_7_a_shorter_sku_before_another_separator(sku):
    stem = written(sku)
    longer = f"{stem}-2"
    found = outcomes([f"{stem}_2.jpg", f"{stem}-2.jpg"], [stem, longer])
    assert found == [(AMBIGUOUS, (stem, longer)), (MATCHED, (longer,))]


@thrice(8)
def test_rule_8_a_sku_and_a_suffix(sku):
    assert outcome(f"{written(sku)}_front_02-web.jpg", [sku]) == (MATCHED, (sku,))


@pytest.mark.parametrize(
    ("name", "sku"),
    [("514874789_01", "51487478"), ("FA-0101", "FA-01"), ("990a", "990"), ("ABC123A", "ABC123")],
)
def test_rule_8_the_sku_ends_at_a_separator(name, sku):
    assert outcome(f"{name}.jpg", [sku]) == (UNMATCHED, ())


@pytest.mark.parametrize(
    ("name", "catalog"),
    [
        ("AB-3", ["AB", "AB-1", "AB-2"]),
        ("AB_3", ["AB", "AB1", "AB2"]),
        ("AB-20x30-copy", ["AB-20x30", "AB-20x30-red"]),
        ("990-copy", ["990", "990B", "990C"]),
        ("RUG-200x300", ["RUG", "RUG-100x200"]),
        ("AB-left", ["AB", "AB-right"]),
    ],
)
def test_rule_8_a_row_in_the_catalog_is_no_row_of_images(name, catalog):
    assert outcome(f"{name}.jpg", catalog) == (AMBIGUOUS, (catalog[0],))


@pytest.mark.parametrize("name", ["AB_2", "AB-front", "AB copy"])
def test_rule_8_another_kind_of_suffix_than_the_row_has_is_one(name):
    catalog = {"AB_2": "AB-red", "AB-front": "AB-1", "AB copy": "AB-1"}[name]
    assert outcome(f"{name}.jpg", ["AB", catalog]) == (MATCHED, ("AB",))


@thrice(9)
@pytest.mark.parametrize("word", ["red", "XL", "1000", "2024", "Oak", "123", "2x", "f1"])
def test_rule_9_another_word_leaves_the_file(sku, word):
    assert outcome(f"{written(sku)}_{word}.jpg", [sku]) == (UNMATCHED, ())


@thrice(9)
def test_rule_9_a_number_in_parentheses_is_no_part_of_a_sku(sku):
    longer = f"{written(sku)}-2"
    assert outcome(f"{written(sku)} (2).jpg", [sku, longer]) == (MATCHED, (sku,))


@thrice(9)
def test_rule_9_unless_the_sku_is_written_so(sku):
    longer = f"{written(sku)} (2)"
    assert outcome(f"{longer}.jpg", [sku, longer]) == (MATCHED, (longer,))
    both = [f"{written(sku)}K", f"{written(sku)}K (2)"]
    assert outcome(f"{both[1].lower()}.jpg", both) == (AMBIGUOUS, tuple(sorted(both)))


@thrice(10)
@pytest.mark.parametrize("form", ["Brand {}", "IMG_{}", "0{}", "{}9", "2024 {} 17"])
def test_rule_10_a_sku_inside_a_name_never_matches(sku, form):
    assert outcome(f"{form.format(written(sku))}.jpg", [sku])[0] == UNMATCHED


@pytest.mark.parametrize(
    "stem",
    [
        "IMG_1234",
        "DSC01234",
        "P1010123",
        "DJI_0042",
        "20260501_101112",
        "PXL_20260501_101112345",
        "WhatsApp Image 2026-05-01 at 10.11.12",
        "Screenshot 2026-05-01 at 10.11",
        "_MG_1234",
        "IMG_1234 (2)",
    ],
)
def test_rule_10_a_camera_counts_for_itself(stem):
    assert outcome(f"{stem}.jpg", ["1234", "0042", "42", "01234", "20260501", "IMG"])[1] == ()


@thrice(10)
def test_rule_10_a_name_with_two_skus_is_ambiguous(sku):
    name = f"{written(sku)} + QQ-5555"
    assert outcome(f"{name}.jpg", [sku, "QQ-5555"]) == (
        AMBIGUOUS,
        tuple(sorted([sku, "QQ-5555"])),
    )


@thrice(11)
@pytest.mark.parametrize("name", ["1", "front", "IMG_1234", "02-back", "web/3", "2 (1)"])
def test_rule_11_the_folder_is_the_sku(sku, name):
    assert outcome(f"x/{written(sku)}/{name}.jpg", [sku]) == (MATCHED, (sku,))


@thrice(11)
@pytest.mark.parametrize("name", ["lamp", "2024/1", "1000", "edited"])
def test_rule_11_any_other_text_or_folder_is_not(sku, name):
    assert outcome(f"{written(sku)}/{name}.jpg", [sku]) == (UNMATCHED, ())


@thrice(11)
@pytest.mark.parametrize("other", ["7", "INSIDE"])
def test_rule_11_folder_and_name_that_differ_are_both_named(sku, other):
    found = outcome(f"{written(sku)}/{other.lower()}.jpg", [sku, other])
    assert found == (AMBIGUOUS, tuple(sorted([sku, other])))


@pytest.mark.parametrize("sku", ["A", "AB-5", "лук"])
def test_rule_11_a_slash_of_a_sku_may_be_a_folder(sku):
    found = outcome(f"{sku}/1.jpg", [sku, f"{sku}/1"])
    assert found == (AMBIGUOUS, (sku, f"{sku}/1"))


ORDER = [
    "{}.jpg",
    "{}_front.jpg",
    "{}_0.jpg",
    "{}_1.jpg",
    "{}_2.jpg",
    "{}_10.jpg",
    "{}_back.jpg",
    "{}/IMG_0002.jpg",
    "{}/IMG_0010.jpg",
    "{} copy.jpg",
]


@thrice(12)
@pytest.mark.parametrize("first", range(len(ORDER)))
def test_rule_12_one_file_is_taken_by_an_order(sku, first):
    paths = [path.format(written(sku)) for path in ORDER[first:]]
    shuffled = random.Random(first).sample(paths, len(paths))
    found = dict(zip(shuffled, match(shuffled, [(sku, sku)]), strict=True))
    assert found[paths[0]].kind == MATCHED
    assert {found[path].kind for path in paths[1:]} <= {SECOND}
    assert all(shuffled[found[path].taken] == paths[0] for path in paths[1:])


@thrice(12)
def test_rule_12_of_equal_files_the_one_in_fewer_folders_is_taken(sku):
    name = written(sku)
    kinds = [kind for kind, _ in outcomes([f"b/{name}.jpg", f"{name}.png", f"{name}.jpg"], [sku])]
    assert kinds == [SECOND, SECOND, MATCHED]


def test_rule_12_an_ambiguous_file_is_never_second():
    found = outcomes(["AB-1.jpg", "AB-1_2.jpg"], ["AB-1", "AB-1-2"])
    assert [kind for kind, _ in found] == [MATCHED, AMBIGUOUS]


# The properties

_PIECES = st.sampled_from(
    [
        *("A", "a", "AB", "ab", "1", "2", "02", "7", "10", "é", "É", "ß", "Ж", "\u200b", " "),
        *("-", "_", ".", "/", "(", ")", "(2)", "BACK", "back", "front", "copy", "IMG_1234"),
    ]
)
_TEXT = st.lists(_PIECES, min_size=1, max_size=6).map("".join)
_CATALOG = st.lists(_TEXT.filter(texts.verbatim), max_size=8, unique=True)
_PATHS = st.lists(_TEXT.map("{}.jpg".format), max_size=8, unique=True)


@given(_PATHS, _CATALOG, st.randoms())
def test_outcome_depends_on_no_order(paths, catalog, r):
    before = dict(zip(paths, outcomes(paths, catalog), strict=True))
    shuffled = r.sample(paths, len(paths))
    after = dict(zip(shuffled, outcomes(shuffled, r.sample(catalog, len(catalog))), strict=True))
    assert after == before


@given(_PATHS, _CATALOG)
def test_no_file_goes_to_a_product_whose_whole_sku_its_path_does_not_hold(paths, catalog):
    for path, (kind, found) in zip(paths, outcomes(paths, catalog), strict=True):
        if kind in (MATCHED, SECOND):
            assert _holds(path, found[0])


def _holds(path, sku):
    return any(
        _has(texts.tokens(part), texts.tokens(sku)) or texts.verbatim(sku) in texts.verbatim(part)
        for part in (*path.split("/"), read_path(path).stem)
    )


def _has(words, sought):
    ends = range(len(sought), len(words) + 1)
    return any(words[end - len(sought) : end] == sought for end in ends)


@given(_PATHS, _CATALOG, _TEXT.filter(texts.verbatim))
def test_one_more_product_takes_no_file_from_one_to_another(paths, catalog, more):
    """A product that is missing can turn a match into a doubt, or be the whole name itself."""
    before = outcomes(paths, catalog)
    for path, (kind, found), (_, was) in zip(
        paths, outcomes(paths, [*catalog, more]), before, strict=True
    ):
        if kind in (MATCHED, SECOND) and found != was:
            assert found == (more,) or not was or len(was) > 1 or _types(more, path)


def _types(sku, path):
    """Return whether the SKU ends with a type, which then belongs to names."""
    return bool(Catalog([("1", sku)]).types)


@given(st.lists(_TEXT, max_size=4), st.lists(st.text(max_size=12), max_size=6))
def test_any_text_has_an_outcome(catalog, paths):
    found = match(paths, [(sku, sku) for sku in catalog])
    assert len(found) == len(paths)


# The long list

NAMES = list(all_names())


def test_list_has_a_thousand_names_of_every_convention():
    assert len(NAMES) >= 1000
    assert len({convention.label for convention, _, _ in NAMES}) == len(CONVENTIONS)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda one: one.label)
def test_no_name_of_the_list_is_matched_wrongly(convention):
    catalog = [(sku, sku) for sku in skus(200)]
    rows = [(sku, path) for one, sku, path in NAMES if one is convention]
    found = match([path for _, path in rows], catalog)
    wrong = [
        (path, one.product_ids)
        for (sku, path), one in zip(rows, found, strict=True)
        if one.kind in (MATCHED, SECOND) and (one.product_ids != (sku,) or not convention.belongs)
    ]
    assert wrong == []
    if convention.belongs:
        assert Counter(one.kind for one in found) == {MATCHED: len(rows)}


def test_all_conventions_in_one_drop_match_nothing_wrongly():
    catalog = [(sku, sku) for sku in skus(200)]
    found = match([path for _, _, path in NAMES], catalog)
    wrong = [
        path
        for (_, sku, path), one in zip(NAMES, found, strict=True)
        if one.kind in (MATCHED, SECOND) and one.product_ids != (sku,)
    ]
    assert wrong == []
    assert sum(one.kind == MATCHED for one in found) == 16
    assert sum(one.kind == SECOND for one in found) > 16 * (len(TAKEN) - 5)


# Suggestions


@pytest.mark.parametrize(
    ("stem", "sku"),
    [
        ("AB-77", "AB-7"),
        ("Brand AB-7 red", "AB-7"),
        ("shirt-blue", "shirt-blue-S"),
        ("SH1000", "SH-1000"),
        ("007-A", "7-A"),
        ("04012345678901", "4012345678901"),
        ("Mueller-5", "Müller-5"),
        ("ROSE 1", "ROSÉ-1"),
        ("MÃ¼ller-5", "Müller-5"),
        ("AB-1243", "AB-1234"),
    ],
)
def test_suggestion_for_what_never_matches(stem, sku):
    catalog = Catalog([("1", sku), ("2", "ZZ-999"), ("3", "QQ")])
    assert [one.text for one in Suggester(catalog).suggest(stem)] == [sku]


@pytest.mark.parametrize("stem", ["IMG_1234", "DSC01234", "lamp", ""])
def test_no_suggestion_for_the_number_of_a_camera(stem):
    assert Suggester(Catalog([("1", "1234"), ("2", "01234")])).suggest(stem) == []
