import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.text_persian import PersianNormalizer

ZWNJ = "\u200c"
# One switch at a time: what it does to an example, and that nothing else happens to it.
CASES = [
    ("letters", True, "\u0643\u062a\u0627\u0628\u064a", "\u06a9\u062a\u0627\u0628\u06cc"),
    ("letters", True, "\ufee7\ufe8e\ufe97", "\u0646\u0627\u062a"),  # presentation forms
    ("letters", True, "\u0623\u0625\u0671", "\u0627\u0627\u0627"),
    ("digits", True, "۱۲۳ و ٤٥٦", "123 و 456"),
    ("diacritics", True, "س\u064fل\u0627\u0640\u0640م", "سلام"),
    ("invisible", True, "\u2066سلام\u2069\u200f", "سلام"),
    ("zero_width", "space", f"می{ZWNJ}روم", "می روم"),
    ("zero_width", "remove", f"می{ZWNJ}روم", "میروم"),
    ("zero_width", "keep", f"می{ZWNJ}روم", f"می{ZWNJ}روم"),
    ("repeats", 2, "خیلیییییی", "خیلیی"),
    ("repeats", 1, "!!!", "!"),
    ("repeats", 2, "10000", "10000"),  # numbers are not stretched words
    ("links", True, "see https://example.org/a?b=1 now", "see  <link>  now"),
    ("links", True, "pic.twitter.com/abc", " <link> "),
    ("handles", True, "hi @some_one", "hi  <user> "),
    ("handles", True, "mail a@example.org", "mail a@example.org"),  # an address is no handle
    ("hashtags", True, "#روز_خوب", " # روز خوب "),
    ("spaces", True, "  a \t b\n", "a b"),
]


@pytest.mark.parametrize(("switch", "value", "text", "expected"), CASES)
def test_each_switch_alone(switch, value, text, expected):
    off = PersianNormalizer.off().to_dict()
    assert PersianNormalizer(**{**off, switch: value})(text) == expected
    assert PersianNormalizer.off()(text) == text


def test_all_rules_together():
    text = f"#كتاب_خوب  مي{ZWNJ}خوااااانم @someone https://example.org ۱۴۰۱"
    assert PersianNormalizer()(text) == "# کتاب خوب می خواانم <user> <link> 1401"


def test_all_keeps_the_order():
    assert PersianNormalizer().all(["b ", " a"]) == ["b", "a"]


@given(st.text(max_size=80))
def test_off_is_the_identity(text):
    assert PersianNormalizer.off()(text) == text


@given(st.text(alphabet=st.sampled_from("ابيكگ ـًٔ#_@.x1۲" + ZWNJ + "\u2066\n!"), max_size=60))
def test_normalizing_twice_changes_nothing_more(text):
    rules = PersianNormalizer(hashtags=False, handles=False)  # replacing one can lay bare another
    assert rules(rules(text)) == rules(text)


@given(st.text(max_size=60))
def test_two_spellings_of_a_letter_become_one(text):
    rules = PersianNormalizer()
    assert rules(text.replace("ی", "ي").replace("ک", "ك")) == rules(text)


@pytest.mark.parametrize(("change", "message"), [({"zero_width": "drop"}, "zero_width"), ({"repeats": -1}, "repeats")])
def test_unknown_rules_are_named(change, message):
    with pytest.raises(BadInput, match=message):
        PersianNormalizer(**change)


def test_switches_make_the_round_trip():
    rules = PersianNormalizer(zero_width="remove", repeats=0)
    assert PersianNormalizer(**rules.to_dict()) == rules
