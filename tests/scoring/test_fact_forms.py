"""Facts in the ways in which people write them, and what must not pass for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.corpus import load_domain
from ragstudy.records import Fact, Question
from ragstudy.scoring.claims import judge
from ragstudy.scoring.fact_forms import share_stated, states
from ragstudy.scoring.words import WordWeights


@pytest.mark.parametrize(
    ("form", "text", "question"),
    [
        ("Thomas Edison", "Thomas Alva Edison", "who invented it?"),
        ("Thomas Edison", "It was Thomas A. Edison.", "who invented it?"),
        ("the physician George Huntington", "It is named after George Huntington.", "where does the name come from?"),
        ("colonial minister Johannes Bell", "Johannes Bell", "who signed?"),
        ("class Cephalopoda", "Octopuses are Cephalopoda.", "what group?"),
        ("the foreign exchange market", "It deals in foreign exchange market trades.", "what does it deal in?"),
        ("Marley & Me", "It is Marley and Me.", "what is the title?"),
        ("plant hormones", "a plant hormone", "what is auxin?"),
        ("Mary Elizabeth Patterson", "It was Elizabeth Patterson.", "who played her?"),
        ("CBS Television City", "at Television City in Hollywood", "where is it filmed?"),
        ("Robert Adamson Jr.", "Robert Adamson", "who plays him?"),
        ("August 25, 1939", "on August 25, 193912.", "when was it released?"),
        ("William G. Brownlow", "William Gannaway Brownlow", "who was elected?"),
        ("Joseph Nye Welch", "It was Joseph N. Welch, a lawyer.", "who said so?"),
        ("Carlos Alan Autry Jr.", "Alan Autry", "who played him?"),
        ("mitochondrion", "The mitochondria make it.", "which organelle?"),
        ("safety criterion", "safety criteria", "what is missing?"),
        ("rechargeable batteries", "a rechargeable battery", "what does it need?"),
        ("headache", "headaches", "what does it cause?"),
        ("headaches", "a headache", "what does it cause?"),
        ("calorie", "calories", "what is counted?"),
        ("chocolate cookie", "chocolate cookies", "what is sold?"),
        ("movie", "movies", "what is shown?"),
        ("axe", "axes", "what is needed?"),
        ("hoodies", "a hoodie", "what is sold?"),
        ("glass box", "glass boxes", "what is sold?"),
        ("3 h 48 min", "3 h et 48 min", "how long?"),
        ("3 h 48 min", "3 hours, then 48 minutes", "how long?"),
        ("2 hours and 30 minutes", "30 minutes and 2 hours", "how long?"),
        ("5 lb", "5 lbs", "how heavy?"),
        ("8 lb 4 oz", "8 lbs 4 oz", "how heavy?"),
        ("Glenn Close", "She was played by the actress, that isGlenn Close1.", "who played her?"),
        ("World Health Organization", "The WHO said so.", "who said so?"),
        ("United States", "the U.S. team", "which country won?"),
        ("7:30 pm", "It begins at 19:30.", "when does it begin?"),
        ("224.7 days", "about 225 days", "how long is it?"),
        ("228 minutes", "3 hours and 48 minutes", "how long is it?"),
        ("6ft 1in", "He is 6 feet 1 inch tall.", "how tall is he?"),
        ("Article Two", "in Article II", "where is it?"),
    ],
)
def test_people_write_a_fact_in_other_ways(form, text, question):
    assert states(Fact("f", (form,)), text, question)


@pytest.mark.parametrize(
    ("form", "text", "question"),
    [
        ("World Health Organization", "the World Trade Organization", "who said so?"),
        ("South Africa", "South West Africa", "which country?"),
        ("New Wales", "New South Wales", "which state?"),
        ("son of Zeus", "Zeus", "who was Heracles?"),
        ("March 26, 1973", "March 25, 1973", "when was it aired?"),
        ("between 40 and 50 mg a day", "between 40 and 60 mg a day", "what is the dose?"),
        ("Thomas Edison", "Thomas Jefferson and then Paul Edison", "who invented it?"),
        ("1939", "the year 193", "when?"),
        ("gas", "ga", "what is it?"),
        ("not yet", "yet", "has it begun?"),
        ("not approved in Europe so far", "approved in Europe", "where is it approved?"),
        ("3 days", "3 nurses and 4 days", "How many days?"),
        ("10 mg daily", "10 people took 20 mg daily.", "How many mg daily?"),
        ("5%", "5 patients", "What percent?"),
        ("version 3", "there are 3 versions; the newest is version 4", "Which version?"),
        ("port 8080", "8080 users", "Which port?"),
        ("left ventricle", "The ventricle on the right; nothing on the left side", "Which ventricle is affected?"),
        ("vitamin D", "vitamin C; see appendix D", "Which vitamin is lacking?"),
        ("hepatitis C", "hepatitis B, see section C", "Which hepatitis?"),
        ("Plan B", "plan A; B is no plan", "Which plan?"),
        ("sick leave", "He is sick.", "Which leave?"),
        ("Tuesday morning", "on Tuesday in the afternoon", "When in the morning?"),
        ("after meals", "before meals; after all", "When: meals?"),
        ("May 5", "It took 5 years", "Which day in May?"),
        ("New York City", "New York State", "Which city?"),
        ("the second law", "It took a second.", "Which law?"),
        ("high blood pressure", "low blood pressure", "What is it?"),
        ("increase in blood pressure", "a decrease in blood pressure", "What follows?"),
        ("reduced risk of death", "increased risk of death", "What follows?"),
        ("inhibits the release of insulin", "stimulates the release of insulin", "What does it do?"),
        ("upper left lobe", "lower left lobe", "Where?"),
        ("left anterior descending artery", "right anterior descending artery", "Which one?"),
        ("10 mg twice a day", "10 mg once a day", "What is the dose?"),
        ("10 mg per day", "10 mg per week", "What is the dose?"),
        ("less than 5 percent of patients", "more than 5 percent of patients", "How many?"),
        ("at least 18 years of age", "at most 18 years of age", "How old?"),
        ("two tablets every six hours", "six tablets every two hours", "How many?"),
        ("cannot be combined with alcohol", "It can be combined with alcohol.", "What of alcohol?"),
        ("unable to enter the building", "able to enter the building", "What then?"),
        ("incompatible with Windows 11", "compatible with Windows 11", "What of it?"),
        ("asymptomatic carriers of the virus", "symptomatic carriers of the virus", "Who?"),
        ("World War II", "World War I", "Which war?"),
        ("University of California, Berkeley", "University of California, Davis", "Where?"),
        ("Martin Luther King", "Martin Luther nailed theses", "Who?"),
        ("William Henry Harrison", "Benjamin Harrison; William Henry Gates", "Who?"),
        ("aspirin, heparin and warfarin", "aspirin and heparin", "What is given?"),
        ("Democratic Party", "Democratic Unionist Party", "Which party?"),
        ("AIDS", "hearing aid", "Which disease?"),
        ("Jobs", "He had a job there.", "Who?"),
        ("Windows", "through a window", "Which system?"),
        ("The Doors", "the door", "Which band?"),
        ("2000", "20000", "How many users?"),
        ("1939", "part number 193950", "What number?"),
        ("Java", "It is written in JavaScript.", "Which language?"),
        ("Git", "hosted on GitHub", "Which tool?"),
        ("George W. Bush", "George H. W. Bush", "Who?"),
        ("John F. Kennedy", "John Robert Kennedy", "Who?"),
        ("World Trade Organization", "The WHO said so.", "Who?"),
        ("World Health Organization", "the World Heritage Organization (WHO)", "Who?"),
        ("Union Square", "The office is in the US.", "Where?"),
        ("Emory University", "It is approved in the EU.", "Who?"),
        ("CIA", "the Culinary Institute of America", "Who?"),
        ("US", "Ulrich Schmidt", "Who?"),
        ("Elizabeth II", "Queen Elizabeth and her 2 sons", "Who?"),
        ("Henry VIII", "Henry had 8 children", "Who?"),
        ("Xi Jinping", "Jinping and 11 others", "Who?"),
        ("Acme B Plan", "Acme Business Plan", "Who sells which plan?"),
        ("Vitamin C Complex", "Vitamin Calcium Complex", "Which one, and who says so?"),
        ("Class A Shares", "Class Alpha Shares", "Who holds which?"),
        ("Information Technology", "It is there.", "Which team?"),
        ("United Kingdom", "Tell us.", "Where?"),
        ("FBI", "the Federal Bureau of Statistics", "Who asked?"),
        ("Anna Berg", "Anna Berg's assistant", "Who leads it?"),
        ("150 minutes", "2 hours; 40 minutes", "How long?"),
        ("Madison", "the Madisons", "Who?"),
        ("magnesium", "magnesia", "What is it?"),
        ("3 hours", "3 minutes", "How long?"),
        ("6 ft 1 in", "6 ft 2 in", "How tall?"),
        ("5 pounds", "5 lb", "What does it cost?"),
        ("90 minutes", "1 hour; then 30 minutes of rest", "How long?"),
    ],
)
def test_what_is_something_else_is_no_form_of_a_fact(form, text, question):
    assert not states(Fact("f", (form,)), text, question)


def test_a_known_wrong_value_in_the_text_shuts_out_what_is_only_meant():
    text = "It was Elizabeth Patterson, not Mary Ann Jones."
    assert states(Fact("f", ("Mary Elizabeth Patterson",)), text, "Who?")
    assert not states(Fact("f", ("Mary Elizabeth Patterson",), ("Mary Ann Jones",)), text, "Who?")
    # What is written as it is counts all the same; whether the other is denied is another rule's business.
    whole = "Mary Elizabeth Patterson, not Mary Ann Jones."
    assert states(Fact("f", ("Mary Elizabeth Patterson",), ("Mary Ann Jones",)), whole, "Who?")


@pytest.mark.parametrize("name", ["medicine", "handbook", "encyclopedia", "papers"])
def test_no_wrong_value_of_the_invented_domains_passes_for_the_right_one(root, name):
    for question in load_domain(root / "corpora" / name).questions:
        for fact in question.facts:
            loose = Fact(fact.id, fact.forms)  # without its alternatives, which would shut them out
            wrong = [one for one in fact.alternatives if share_stated(loose, f"It is {one}.", question.text)]
            assert not wrong, (question.text, fact.forms, wrong)


@pytest.mark.parametrize(
    ("form", "answer", "share"),
    [
        ("Oslo, Norway", "Oslo, Norway", 1),
        ("Oslo, Norway", "Oslo", 0.5),
        ("Oslo, Norway", "the city of Oslo", 0.5),
        ("Oslo, Norway", "Oslo (Norway)", 1),
        ("Oslo, Norway", "Oslo, Minnesota", 0),
        ("Oslo, Norway", "Oslo in Minnesota", 0),
        ("Oslo, Norway", "Norway", 0),
        ("Oslo, Norway", "Oslofjord", 0),
        ("York, England", "It is in New York.", 0),
        ("London, England", "East London", 0),
        ("London, England", "Ontario's London", 0),
        ("London, England", "London, a city in Ontario", 0),
        ("London, England", "the Canadian city of London", 0),
        ("London, England", "London - Ontario", 0),
        ("Windows 10, Version 1809", "Windows 10, version 1903", 0),
        ("Building A, Room 12", "Building A, room 14", 0),
        ("Aspirin, Ibuprofen", "Baby Aspirin", 0),
    ],
)
def test_a_place_without_the_larger_one_is_half_of_it(form, answer, share):
    assert share_stated(Fact("f", (form,)), answer, "Where is it?") == share


def test_only_a_place_is_asked_for_by_where():
    assert share_stated(Fact("f", ("Smith, John",)), "Smith", "Who is it?") == 0


def test_a_part_of_a_fact_is_shut_out_by_a_known_wrong_value():
    fact = Fact("f", ("20 November 1989",), ("spring",))
    assert share_stated(fact, "in 1989", "When?") > 0
    assert share_stated(fact, "in 1989, in spring", "When?") == 0


def test_what_nobody_can_check_never_outweighs_a_fact():
    asked = Question("q", "Who wrote it?", ("Ada Berg",), (Fact("f", ("Ada Berg",)),))
    names = " ".join(f"It was read in Town{n} and Hall{n} in {1900 + n}." for n in range(3))
    judged = judge(asked, f"Ada Berg wrote it. {names}", WordWeights([]))
    assert judged.completeness == 1
    assert judged.accuracy == pytest.approx(2 / 3)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=40))
def test_any_text_can_be_asked_for(form, text, question):
    assert states(Fact("f", (form,)), text, question) in (True, False)


@pytest.mark.parametrize(
    ("form", "answer", "question"),
    [
        ("sick leave", "The passages do not say whether he was sick.", "Which leave does he take?"),
        ("5 days", "None of the 5 passages contains this information.", "How many days?"),
        ("the second floor", "I cannot tell; the second passage does not say.", "Which floor?"),
    ],
)
def test_an_answer_that_declines_states_nothing(form, answer, question):
    asked = Question("q", question, (form,), (Fact("f", (form,)),))
    assert judge(asked, answer, WordWeights([])).completeness == 0


@pytest.mark.parametrize(
    ("answer", "accuracy"),
    [
        ("It is 40 mg.", 1),
        ("It is 40 mg, not 30 mg.", 1),
        ("It is 40 mg, rather than the 30 mg of children.", 1),
        ("It is 40 mg or 30 mg.", 0.5),
        ("It is 40 mg. In fact it is 30 mg, not 40 mg.", 0.5),
    ],
)
def test_a_known_wrong_value_counts_where_it_is_said_of_the_same(answer, accuracy):
    asked = Question("q", "What is the dose?", ("40 mg",), (Fact("f", ("40 mg",), ("30 mg",)),))
    assert judge(asked, answer, WordWeights([])).accuracy >= accuracy - 0.1
    assert judge(asked, answer, WordWeights([])).accuracy <= accuracy + 0.1


def test_listing_guesses_does_not_pay():
    asked = Question("q", "When was it made?", ("1939",), (Fact("f", ("1939",)),))
    every = ", ".join(str(year) for year in range(1900, 1990))
    assert judge(asked, f"It was {every}.", WordWeights([])).accuracy < 0.2
