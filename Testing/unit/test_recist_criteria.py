"""Rules of the response criteria: exact limits, sums, lymph nodes, which lesions are measured."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepadose.errors import MissingInputError, SettingsError, UnitsError
from hepadose.recist.criteria import criteria, criterion
from hepadose.recist.exact import exact, percent_change, recorded_mm
from hepadose.recist.lesions import Kind, Lesion, Observation, Part, Role, Status
from hepadose.recist.measurable import Candidate, propose_targets, why_not_measurable
from hepadose.recist.target_response import Category, classify_sums, respond

from recist_example import ABSENT, SMALL, UNKNOWN, lesions, measured, seen

RECIST = criterion("recist-1.1")
CR, PR, SD, PD, NE, OTHER = (
    *(Category.CR, Category.PR, Category.SD, Category.PD, Category.NE),
    Category.NON_CR_NON_PD,
)
TENTHS = st.integers(1, 3000).map(lambda tenths: Fraction(tenths, 10))


def category(targets, *course, rules=RECIST):
    return respond(rules, targets, [seen(**each) for each in course]).category


def node(short_mm, long_mm=30):
    return measured(long_mm, short_mm)


def candidate(name, long_mm, organ="liver", short_mm=None, kind=Kind.NON_NODAL, thickness_mm=2.5, **facts):
    part = Part(Decimal(str(long_mm)), Decimal(str(long_mm if short_mm is None else short_mm)))
    return Candidate(Lesion(name, organ, kind, **facts), part, thickness_mm)


class TestExact:
    def test_a_length_is_recorded_to_a_tenth_with_halves_up(self):
        assert [str(recorded_mm(value)) for value in (10.05, 10.049, 7.0)] == ["10.1", "10.0", "7.0"]

    @pytest.mark.parametrize("value", ["long", float("nan"), float("inf"), -1, ""])
    def test_what_is_no_length_is_refused(self, value):
        with pytest.raises(UnitsError, match=r"must be"):
            exact(value)

    @given(TENTHS)
    def test_exactly_minus_thirty_percent_is_always_a_partial_response(self, baseline):
        limit = baseline * Fraction(7, 10)
        assert classify_sums(RECIST, baseline, baseline, limit) is PR
        assert classify_sums(RECIST, baseline, baseline, limit + Fraction(1, 1000)) is SD

    @given(TENTHS)
    def test_exactly_plus_twenty_percent_is_progression_from_25_mm_on(self, smallest):
        expected = PD if smallest >= 25 else SD
        assert classify_sums(RECIST, smallest, smallest, smallest * Fraction(6, 5)) is expected

    @given(TENTHS, TENTHS, TENTHS, st.integers(1, 50))
    def test_another_unit_changes_no_category_but_for_the_5_mm(self, baseline, smallest, current, factor):
        rules = criterion("mrecist")
        smallest = min(smallest, baseline)
        once, scaled = (
            classify_sums(rules, *(each * by for each in (baseline, smallest, current))) for by in (1, factor)
        )
        assert once is scaled

    def test_a_smallest_sum_above_the_baseline_is_refused(self):
        with pytest.raises(SettingsError, match="which is one of them"):
            classify_sums(RECIST, 50, 60, 70)

    def test_no_change_is_defined_against_nothing(self):
        assert percent_change(5, 0) is None


class TestCriteria:
    def test_all_have_a_source_and_a_unit(self):
        assert [each.unit for each in criteria().values()] == ["mm", "mm", "mm²", "mm²", "ml"]
        assert all(each.source and each.name for each in criteria().values())

    def test_an_unknown_one_is_refused_with_what_there_is(self):
        with pytest.raises(SettingsError, match=r"recist-1\.1, mrecist"):
            criterion("choi")

    def test_mrecist_needs_no_5_mm_unless_the_protocol_says_so(self):
        rules = criterion("mrecist")
        assert classify_sums(rules, 20, 20, 24) is PD
        assert classify_sums(rules.with_limits(progression_absolute=5), 20, 20, 24) is SD

    def test_easl_progresses_above_a_quarter_and_who_from_it_on(self):
        assert classify_sums(criterion("who"), 400, 400, 500) is PD
        assert classify_sums(criterion("easl"), 400, 400, 500) is SD
        assert classify_sums(criterion("easl"), 400, 400, 501) is PD

    def test_who_takes_one_growing_lesion_for_progression(self):
        targets = lesions("A", "B")
        course = ({"A": 40, "B": 20}, {"A": 30, "B": 23})
        assert category(targets, *course, rules=criterion("who")) is PD
        assert category(targets, *course) is SD

    def test_a_lesion_that_carries_a_merged_one_has_not_grown_by_that(self):
        merged = Observation(Status.MERGED, merged_into="A")
        course = ({"A": 40, "B": 40}, {"A": 55, "B": merged})
        assert category(lesions("A", "B"), *course, rules=criterion("who")) is SD

    def test_limits_can_be_changed_but_not_turned_around(self):
        assert criterion("volume").with_limits(progression_percent="100").progression_percent == 100
        with pytest.raises(SettingsError, match="is a decrease"):
            criterion("volume").with_limits(partial_percent="65")


class TestTargets:
    def test_merged_lesions_keep_one_axis(self):
        merged = Observation(Status.MERGED, merged_into="A")
        found = respond(RECIST, lesions("A", "B"), [seen(A=20, B=15), seen(A=30, B=merged)])
        assert (found.category, found.total) == (SD, 30)
        assert float(found.from_baseline_percent) == pytest.approx(-14.29, abs=0.005)

    def test_parts_of_a_split_lesion_are_added(self):
        split = Observation(Status.MEASURED, measured(12).parts + measured(9).parts)
        found = respond(RECIST, lesions("A"), [seen(A=30), seen(A=split)])
        assert (found.category, found.total) == (PR, 21)

    def test_normal_lymph_nodes_and_no_other_lesion_are_a_complete_response(self):
        targets = [*lesions("A"), *lesions("N", kind=Kind.NODE)]
        start = {"A": 40, "N": node(20)}
        gone = respond(RECIST, targets, [seen(**start), seen(A=ABSENT, N=node(8))])
        assert (gone.category, gone.total) == (CR, 8)
        assert category(targets, start, {"A": SMALL, "N": node(8)}) is PR
        assert category(targets, start, {"A": ABSENT, "N": node("10.0")}) is PR
        assert category(targets, start, {"A": ABSENT, "N": node("9.9")}) is CR

    def test_a_lymph_node_that_is_not_found_counts_5_mm(self):
        found = respond(RECIST, lesions("N", kind=Kind.NODE), [seen(N=node(20)), seen(N=ABSENT)])
        assert (found.category, found.total) == (CR, 5)

    def test_a_lesion_too_small_to_measure_counts_5_mm_unless_it_was_read(self):
        read = Observation(Status.TOO_SMALL, measured("3.2").parts)
        totals = [respond(RECIST, lesions("A"), [seen(A=20), seen(A=each)]).total for each in (SMALL, read)]
        assert totals == [5, Fraction("3.2")]
        assert respond(criterion("volume"), lesions("A"), [seen(A=measured(20, 20, 4.2)), seen(A=SMALL)]).total < 0.07

    def test_progression_is_seen_in_spite_of_a_target_that_is_not_evaluable(self):
        targets = lesions("A", "B")
        assert category(targets, {"A": 40, "B": 20}, {"A": 75, "B": UNKNOWN}) is PD
        found = respond(RECIST, targets, [seen(A=40, B=20), seen(A=20, B=UNKNOWN)])
        assert (found.category, found.total, found.from_baseline_percent) == (NE, None, None)

    def test_the_smallest_sum_leaves_out_times_that_are_not_evaluable(self):
        course = [seen(A=40, B=20), seen(A=10, B=UNKNOWN), seen(A=30, B=20), seen(A=40, B=19)]
        assert respond(RECIST, lesions("A", "B"), course).smallest == 50

    def test_progression_against_the_smallest_sum_goes_before_response(self):
        assert category(lesions("A"), {"A": 100}, {"A": 50}, {"A": 60}) is PD

    def test_a_lesion_that_is_back_after_all_were_gone_is_progression(self):
        assert category(lesions("A"), {"A": 30}, {"A": ABSENT}, {"A": 4}) is PD
        targets = [*lesions("A"), *lesions("N", kind=Kind.NODE)]
        course = ({"A": 40, "N": node(20)}, {"A": ABSENT, "N": node(8)}, {"A": SMALL, "N": node(8)})
        assert category(targets, *course) is PD

    def test_a_lesion_that_is_back_while_others_stayed_is_added(self):
        course = ({"A": 60, "B": 20}, {"A": 60, "B": ABSENT}, {"A": 60, "B": 4})
        assert category(lesions("A", "B"), *course) is SD

    @given(st.lists(st.tuples(TENTHS, TENTHS, TENTHS), min_size=2, max_size=5), st.randoms())
    def test_the_order_of_lesions_changes_nothing(self, sizes, random):
        named = {f"L{number}": each for number, each in enumerate(sizes)}
        course = [{name: measured(float(each[time])) for name, each in named.items()} for time in range(3)]
        shuffled = list(named)
        random.shuffle(shuffled)
        found = [respond(RECIST, lesions(*names), course) for names in (named, shuffled)]
        assert found[0] == found[1]

    def test_a_target_without_record_is_named(self):
        with pytest.raises(MissingInputError, match="recorded for B"):
            category(lesions("A", "B"), {"A": 20, "B": 10}, {"A": 20})

    def test_a_baseline_that_was_not_evaluable_is_refused(self):
        with pytest.raises(MissingInputError, match="choose other targets"):
            category(lesions("A"), {"A": UNKNOWN}, {"A": 20})

    @pytest.mark.parametrize(("targets", "course"), [([], [{}, {}]), (lesions("A"), [{"A": 20}])])
    def test_without_target_or_follow_up_there_is_no_response(self, targets, course):
        with pytest.raises(MissingInputError, match="at least one target"):
            category(targets, *course)


class TestSelection:
    def test_the_two_largest_of_each_organ(self):
        liver = [candidate(f"liver {size}", size) for size in (40, 35, 30, 12)]
        lung = [candidate(f"lung {size}", size, "lung") for size in (15, 22, 18)]
        nodes = [candidate("node", 30, "abdomen", 16, Kind.NODE)]
        chosen = propose_targets([*liver, *lung, *nodes])
        targets = [name for name, each in chosen.items() if each.role is Role.TARGET]
        assert targets == ["liver 40", "liver 35", "lung 22", "lung 18", "node"]
        assert chosen["liver 30"].reason == "there are 2 targets in liver already"

    def test_all_lymph_nodes_are_one_organ_and_five_are_enough(self):
        nodes = [
            candidate(f"N{size}", 40, place, size, Kind.NODE)
            for size, place in ((16, "neck"), (18, "hilum"), (20, "groin"))
        ]
        roles = {name: each.role for name, each in propose_targets(nodes).items()}
        assert roles == {"N16": Role.NON_TARGET, "N18": Role.TARGET, "N20": Role.TARGET}
        many = [candidate(f"{organ}{size}", size, organ) for organ in ("a", "b", "c") for size in (20, 30)]
        proposed = propose_targets(many).values()
        assert [each.role for each in proposed].count(Role.TARGET) == 5
        assert [each.reason for each in proposed if each.role is not Role.TARGET] == ["there are 5 targets already"]

    @given(st.randoms())
    def test_the_order_of_candidates_changes_no_role(self, random):
        every = [candidate(f"L{size}", 10 + size % 3) for size in range(6)]
        shuffled = list(every)
        random.shuffle(shuffled)
        assert propose_targets(every) == propose_targets(shuffled)

    @pytest.mark.parametrize(
        ("given_lesion", "reason"),
        [
            (candidate("A", "9.9"), "long axis 9.9 mm is below 10 mm"),
            (candidate("A", 14, thickness_mm=7.5), "long axis 14 mm is below 15 mm"),
            (candidate("A", 30, short_mm="14.9", kind=Kind.NODE), "short axis 14.9 mm is below 15 mm"),
            (candidate("A", 30, kind=Kind.BLASTIC_BONE), "a blastic bone metastasis is never measured"),
            (candidate("A", 30, kind=Kind.SIMPLE_CYST), "a simple cyst is never measured"),
            (candidate("A", 30, irradiated_before_baseline=True), "treated before the baseline"),
            (candidate("A", 30, irradiated_before_baseline=True, progressed_since_irradiation=True), ""),
            (candidate("A", 10), ""),
            (candidate("A", 30, short_mm=15, kind=Kind.NODE), ""),
        ],
    )
    def test_what_can_be_measured(self, given_lesion, reason):
        found = why_not_measurable(given_lesion)
        assert found.startswith(reason) and bool(found) == bool(reason)

    def test_a_node_at_the_hilum_needs_20_mm_by_mrecist(self):
        hilum = candidate("N", 40, short_mm=18, kind=Kind.NODE, at_liver_hilum=True)
        assert why_not_measurable(hilum) == ""
        assert why_not_measurable(hilum, criterion("mrecist")) == "short axis 18 mm is below 20 mm"

    def test_normal_nodes_and_cysts_are_no_lesions(self):
        roles = propose_targets(
            [candidate("N", 20, short_mm=9, kind=Kind.NODE), candidate("C", 40, kind=Kind.SIMPLE_CYST)]
        )
        assert [each.role for each in roles.values()] == [None, None]

    def test_an_irradiated_lesion_is_followed_as_non_target(self):
        assert propose_targets([candidate("A", 50, irradiated_before_baseline=True)])["A"].role is Role.NON_TARGET

    def test_solid_lesions_go_before_cystic_ones(self):
        every = [candidate("cystic", 60, kind=Kind.CYSTIC_METASTASIS), candidate("A", 20), candidate("B", 30)]
        assert propose_targets(every)["cystic"].role is Role.NON_TARGET

    def test_a_person_decides_otherwise_and_the_rules_fill_up(self):
        every = [candidate("A", 50), candidate("B", 40), candidate("C", 30)]
        chosen = propose_targets(every, chosen={"C": Role.TARGET, "B": Role.NON_TARGET})
        assert [each.role for each in chosen.values()] == [Role.TARGET, Role.NON_TARGET, Role.TARGET]
        assert chosen["C"].overridden and not chosen["A"].overridden

    @pytest.mark.parametrize(
        ("roles", "words"),
        [
            (dict.fromkeys("ABC", Role.TARGET), "2 targets in liver already"),
            ({"D": Role.TARGET}, "no such lesion"),
            ({"A": Role.NEW}, "cannot be new"),
        ],
    )
    def test_an_impossible_choice_is_refused(self, roles, words):
        with pytest.raises(SettingsError, match=words):
            propose_targets([candidate(name, 30) for name in "ABC"], chosen=roles)

    def test_two_lesions_of_one_name_are_refused(self):
        with pytest.raises(SettingsError, match="a name of its own"):
            propose_targets([candidate("A", 30), candidate("A", 20)])
