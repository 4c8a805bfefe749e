"""The data sets that are larger, brought by the user, or merged from many files."""

import csv
import io
import json
import re
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from genrelab.cli import app
from genrelab.datasets import DatasetError, cmu_plots, imdb27, kaggle_csv, load
from genrelab.datasets.base import linked_groups, split_lines
from genrelab.datasets.fetch import blob_sha1

WORDS = st.text("aZé–ß界 \xa0'\"|\u2028", min_size=1).filter(str.strip)
# A busy machine is no error; only the autouse cache is shared by the examples of one test.
relaxed = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and no mirror; what a test needs it puts there."""
    monkeypatch.setenv("GENRELAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GENRELAB_MIRROR", raising=False)
    return tmp_path / "cache"


# --- lines and groups


@relaxed
@given(st.lists(st.tuples(WORDS, WORDS, WORDS)))
def test_lines_come_back_cell_by_cell(rows: list[tuple[str, str, str]]) -> None:
    data = "\r\n\n".join(" ::: ".join(cells) for cells in rows).encode()
    expected = [[cell.strip() for cell in cells] for cells in rows]
    assert split_lines(data, ":::", 3, what="films.txt") == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1 ::: a ::: b\n\n2 ::: a", r"films\.txt, line 3: 2 cells; expected 3"),
        (b"1 ::: caf\xe9 ::: b", r"films\.txt: 'utf-8' codec can't decode byte 0xe9"),
    ],
)
def test_a_damaged_line_is_refused_by_its_number(data: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        split_lines(data, ":::", 3, what="films.txt")


@relaxed
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"))))
def test_groups_are_what_sharing_a_title_or_a_text_joins(rows: list[tuple[str, str]]) -> None:
    number = list(range(len(rows)))
    for _ in rows:  # spread the lowest number until nothing changes: slow and obvious
        for i, (title, text) in enumerate(rows):
            number[i] = min(
                number[j] for j, other in enumerate(rows) if other[0] == title or other[1] == text
            )
    groups = linked_groups([title for title, _ in rows], [text for _, text in rows])
    assert groups.tolist() == [rows[first][0] for first in number]


# --- imdb27: the parser


@relaxed
@given(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS)), st.data())
def test_a_prefix_gives_the_rows_before_the_cut_and_names_the_half_line(
    rows: list[tuple[str, ...]], data: st.DataObject
) -> None:
    whole = "".join(" ::: ".join(cells) + "\n" for cells in rows).encode()
    cut = data.draw(st.integers(0, len(whole)))
    expected = [[cell.strip() for cell in cells] for cells in rows]
    n_whole = whole[:cut].count(b"\n")
    found, half = imdb27.parse(whole[:cut], "train_data.txt", partial=True)
    assert found == expected[:n_whole]
    assert half == whole[:cut].rpartition(b"\n")[2].decode(errors="replace").strip()
    assert imdb27.parse(whole.removesuffix(b"\n"), "train_data.txt") == (expected, "")


# --- imdb27: a small copy of the same form

TRAIN = [
    "1 ::: Oscar et la dame rose (2009) ::: drama ::: A boy writes letters to God.",
    '2 ::: "Cupid" (1997) {Heart of the Matter (#1.3)} ::: thriller ::: A documentary, it says.',
    '3 ::: "Cupid" (1997) {The End (#1.9)} ::: drama ::: An archer is sent away.',
]
TEST = ["1 ::: Edgar's Lunch (1998) ::: thriller ::: She vanishes ::: for good."]


def without_genre(line: str) -> str:
    number, title, _, text = line.split(" ::: ", 3)
    return f"{number} ::: {title} ::: {text}"


@pytest.fixture
def imdb(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three files, and a card with their hashes; returns their folder."""
    folder = cache / "imdb27"
    folder.mkdir(parents=True)
    contents = {
        "train_data.txt": TRAIN,
        "test_data.txt": [without_genre(line) for line in TEST],
        "test_data_solution.txt": TEST,
    }
    for name, lines in contents.items():
        (folder / name).write_text("\n\n" + "".join(f"{line} \n" for line in lines))
    hashes = {name: blob_sha1((folder / name).read_bytes()) for name in contents}
    monkeypatch.setattr(imdb27, "CARD", replace(imdb27.CARD, hashes=hashes))
    return folder


@pytest.mark.filterwarnings("error")
def test_whole_files_load_without_a_word(imdb: Path) -> None:
    train = load("imdb27", split="train")
    assert (train.name, train.ids) == ("imdb27", ("train-1", "train-2", "train-3"))
    assert train.label_names == ("drama", "thriller")
    assert train.labels.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert train.texts[1] == "A documentary, it says."
    assert train.card.single_label
    assert "partial" not in str(train.card)


def test_episodes_of_a_series_are_one_group(imdb: Path) -> None:
    assert load("imdb27").groups.tolist() == ["oscar-et-la-dame-rose", "cupid", "cupid"]


def test_test_rows_get_their_genre_from_the_solution(imdb: Path) -> None:
    test = load("imdb27", split="test")
    assert (test.ids, test.label_names) == (("test-1",), ("thriller",))
    assert test.texts == ("She vanishes ::: for good.",)


def test_the_published_hashes_stand_on_the_card() -> None:
    assert imdb27.CARD.hashes["train_data.txt"] == "0717f3ac1ea7f479ac2acafdfbce110d3795e5f9"
    assert cmu_plots.CARD.hashes["movie.metadata.tsv"] == "3a047d6cd6b5bb551de35ac3e4a003b92a3ea905"


def test_a_truncated_copy_is_refused_by_both_hashes_and_its_size(imdb: Path) -> None:
    path = imdb / "train_data.txt"
    wanted = blob_sha1(path.read_bytes())
    path.write_bytes(path.read_bytes()[:-20])
    found, size = blob_sha1(path.read_bytes()), path.stat().st_size
    message = f"blob {wanted[:8]}…, found {found[:8]}… ({size} bytes)"
    with pytest.raises(DatasetError, match=re.escape(message)) as caught:
        load("imdb27")
    assert "54,214 rows" in str(caught.value)
    assert "allow_partial=True" in str(caught.value)
    assert "\n" not in str(caught.value)
    load("imdb27", split="test")  # its own files are whole


def test_a_truncated_copy_warns_with_its_rows_and_its_half_line(imdb: Path) -> None:
    path = imdb / "train_data.txt"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(UserWarning, match=r"2 of 54,214 rows.*left out: '3 ::: \"Cupid\""):
        partial = load("imdb27", allow_partial=True)
    assert partial.ids == ("train-1", "train-2")
    assert partial.name == "imdb27 (partial)"
    assert "partial copy" in partial.card.title
    assert any("2 of 54,214" in note for note in partial.card.notes)


def test_test_rows_beyond_a_truncated_solution_are_counted(imdb: Path) -> None:
    (imdb / "test_data.txt").write_text(
        "".join(f"{without_genre(line)}\n" for line in [*TEST, "2 ::: T (1998) ::: war ::: x"])
    )
    with pytest.warns(UserWarning, match="1 rows left out: not in test_data_solution"):
        test = load("imdb27", split="test", allow_partial=True)
    assert test.ids == ("test-1",)


def test_a_solution_of_other_films_is_refused(imdb: Path) -> None:
    (imdb / "test_data_solution.txt").write_text("1 ::: Titanic (1997) ::: drama ::: A ship.\n")
    with pytest.raises(DatasetError, match=r"row 1 of test_data.txt, \"Edgar's Lunch .*'Titanic"):
        load("imdb27", split="test", allow_partial=True)


def test_a_missing_file_is_refused_with_where_to_put_it(imdb: Path) -> None:
    (imdb / "train_data.txt").unlink()
    with pytest.raises(DatasetError, match=r"train_data\.txt: missing in .*imdb27; .*kaggle\.com"):
        load("imdb27", allow_partial=True)
    with pytest.raises(DatasetError, match=r"nothing is downloaded; .* into .*cache/imdb27"):
        imdb27.fetch()


def test_an_unknown_part_is_refused(imdb: Path) -> None:
    with pytest.raises(DatasetError, match="split='dev'; expected one of train, test"):
        load("imdb27", split="dev")


def test_the_mirror_is_read_before_the_cache(
    imdb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path / "mirror"))
    assert imdb27.folder() == imdb
    shutil.copytree(imdb, tmp_path / "mirror" / "imdb27")
    assert imdb27.folder() == tmp_path / "mirror" / "imdb27"
    assert imdb27.fetch() == 0
    monkeypatch.setenv("GENRELAB_MIRROR", "https://example.org/mirror")
    assert imdb27.folder() == imdb


def test_the_real_prefix_loads_as_partial(mirror: Path, cache: Path) -> None:
    prefix = mirror.parent / "imdb27-prefix"
    if not prefix.is_dir():
        pytest.skip(f"{prefix} is not there: unpack the prefix beside the mirror to run this test")
    shutil.copytree(prefix, cache / "imdb27")
    with pytest.raises(DatasetError, match="expected git blob 0717f3ac…, found dd8c0a69…"):
        load("imdb27")
    for split, n_rows, wanted in (("train", 2_110, "54,214"), ("test", 3_670, "54,200")):
        with pytest.warns(UserWarning, match=f"{n_rows:,} of {wanted} rows"):
            part = load("imdb27", split=split, allow_partial=True)
        assert (len(part), len(part.label_names)) == (n_rows, 27)
        assert part.label_names[0] == "drama"
        assert min(map(len, part.texts)) > 20


# --- cmu_plots: a small archive of the same form

META = [
    ("101", "Ghosts", '{"/m/1": "Horror", "/m/2": "Comedy film"}'),
    ("102", "Ghosts", '{"/m/1": "Horror"}'),
    ("103", "Silence", "{}"),
    ("105", "Caf\\u00e9", '{"/m/3": "Rom\\u00e2ntico "}'),
]
PLOTS = (
    "101\tA house that creaks.\n102\tThe house again.\n103\tNo word.\n104\tLost.\n105\tCoffee.\n"
)


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as bundle:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            bundle.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def cmu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with the archive, and a card with its members' hashes; returns the archive."""
    lines = ["\t".join([n, "/m/0", title, "1999", "", "90", "{}", "{}", g]) for n, title, g in META]
    files = {"plot_summaries.txt": PLOTS, "movie.metadata.tsv": "\n".join(lines) + "\n"}
    members = {f"MovieSummaries/{name}": text.encode() for name, text in files.items()}
    target = tmp_path / "mirror" / "~ark" / "personas" / "data" / "MovieSummaries.tar.gz"
    target.parent.mkdir(parents=True)
    target.write_bytes(archive({**members, "MovieSummaries/README.txt": b"read me"}))
    hashes = {name: blob_sha1(text.encode()) for name, text in files.items()}
    monkeypatch.setattr(cmu_plots, "CARD", replace(cmu_plots.CARD, hashes=hashes))
    monkeypatch.setenv("GENRELAB_MIRROR", str(tmp_path / "mirror"))
    return target


def test_plots_are_joined_with_their_genres_by_id(cmu: Path) -> None:
    plots = load("cmu_plots", progress=False)
    assert plots.ids == ("101", "102", "105")
    assert plots.label_names == ("Horror", "Comedy film", "Romântico")
    assert plots.labels.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert plots.texts[0] == "A house that creaks."
    assert plots.groups.tolist()[:2] == ["ghosts", "ghosts"]
    notes = " ".join(plots.card.notes)
    assert "5 plots; 2 left out: they have no genre" in notes
    assert "1 of these are not in movie.metadata.tsv" in notes


def test_rare_genres_and_their_films_are_left_out_by_count(cmu: Path) -> None:
    plots = load("cmu_plots", min_count=2, progress=False)
    assert (plots.ids, plots.label_names) == (("101", "102"), ("Horror",))
    assert any(note == "1 left out: none of their genres has 2 films" for note in plots.card.notes)


def test_the_archive_is_fetched_once_and_not_kept(cmu: Path, cache: Path) -> None:
    assert cmu_plots.fetch(progress=False) == 2
    cmu.unlink()
    assert cmu_plots.fetch(progress=False) == 0
    assert cmu_plots.verify() == []
    assert list(cache.rglob("*.tar.gz")) == []


def test_a_changed_member_is_found_and_mended(cmu: Path) -> None:
    cmu_plots.fetch(progress=False)
    changed = cmu_plots.folder() / cmu_plots.files()[0].name
    changed.write_text(PLOTS + "106\tOne more.\n")
    assert all("expected git blob" in problem for problem in cmu_plots.verify())
    assert cmu_plots.fetch(progress=False) == 2
    assert cmu_plots.verify() == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no archive", "cannot be unpacked"),
        (archive({"../plot_summaries.txt": b"1\tout"}), "leads out of the folder"),
        (archive({"MovieSummaries/plot_summaries.txt": b"1\tother"}), "expected git blob.*missing"),
    ],
)
def test_a_wrong_archive_is_refused_and_the_right_one_fetched_after(
    cmu: Path, cache: Path, data: bytes, message: str
) -> None:
    right = cmu.read_bytes()
    cmu.write_bytes(data)
    with pytest.raises(DatasetError, match=message):
        load("cmu_plots", progress=False)
    assert not (cache / "plot_summaries.txt").exists()
    cmu.write_bytes(right)
    assert cmu_plots.fetch(progress=False) == 2


@relaxed
@given(st.dictionaries(st.text(), WORDS.map(str.strip)))
def test_genres_are_the_values_of_the_json(genres: dict[str, str]) -> None:
    found = cmu_plots.genres_of(json.dumps(genres))
    assert set(found) == set(genres.values())
    assert len(set(found)) == len(found)


def test_the_command_fetches_verifies_and_says_so(cmu: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["data", *words])
        return result.exit_code, " ".join(result.output.split())

    assert run("verify", "cmu_plots")[0] == 1
    code, output = run("fetch", "cmu_plots", "-q")
    assert code == 0
    assert "2 files fetched, all verified" in output
    assert run("verify", "cmu_plots")[0] == 0
    for name in ("imdb27", "kaggle_csv"):
        code, output = run("fetch", name)
        assert code == 2
        assert "nothing is" in output
    code, output = run("list")
    assert code == 0
    assert output.count("brought by") == 2


# --- kaggle_csv

HEADER = ["movie_id", "movie_name", "year", "certificate", "genre", "description"]


def write(path: Path, rows: list[tuple[str, str, str, str]], header: list[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(header)
        for number, title, genre, text in rows:
            table.writerow([number, title, "1995", "", genre, text])
    return path


@pytest.fixture
def genres(tmp_path: Path) -> Path:
    folder = tmp_path / "csv"
    folder.mkdir()
    heat = ("tt1", "Heat", "Action, Crime ", "\nA thief,\nand his hunter.")
    write(
        folder / "action.csv",
        [heat, ("tt2", "Ran", "Action, Drama", "A king ... See full summary »")],
    )
    write(
        folder / "crime.csv",
        [heat, ("tt3", "Dogs", "Crime", "Add a Plot"), ("tt4", "Eel", "", "A fish.")],
    )
    return folder


def test_films_of_several_files_become_one_row_with_several_labels(genres: Path) -> None:
    with pytest.warns(UserWarning, match="kaggle_csv: "):
        films = load("kaggle_csv", path=genres)
    assert films.ids == ("tt1",)
    assert films.texts == ("A thief, and his hunter.",)
    assert (films.label_names, films.labels.tolist()) == (("Action", "Crime"), [[1, 1]])
    assert set(films.card.hashes) == {"action.csv", "crime.csv"}


def test_missing_descriptions_and_genres_are_counted_and_dropped(genres: Path) -> None:
    pattern = r"2 dropped: no description.*\(first: tt2\); 1 dropped: no genre \(first: tt4\)"
    with pytest.warns(UserWarning, match=pattern):
        films = load("kaggle_csv", path=genres)
    assert any("5 rows of 2 files are 4 films, 2 of them" in note for note in films.card.notes)


def test_descriptions_retrieved_later_fill_the_gaps(genres: Path, tmp_path: Path) -> None:
    later = {
        "tt2": "An old king divides his land.",
        "tt3": "add a plot",
        "tt1": "Other.",
        "tt9": "-",
    }
    table = tmp_path / "later.csv"
    with table.open("w", newline="") as lines:
        csv.writer(lines).writerows([("movie_id", "description"), *later.items()])
    loaded = []
    for fill in (later, table, str(table)):
        with pytest.warns(UserWarning, match=r"1 with two .*\(first: tt1\); 1 in fill= but in no"):
            loaded.append(load("kaggle_csv", path=genres, fill=fill))
    films = loaded[0]
    assert films.ids == ("tt1", "tt2")
    assert films.texts == ("A thief, and his hunter.", later["tt2"])
    assert any(note.startswith("1 filled by fill= (first: tt2)") for note in films.card.notes)
    assert len({each.data_hash for each in loaded}) == 1


def test_two_descriptions_of_one_film_are_reported_and_the_first_kept(genres: Path) -> None:
    write(genres / "war.csv", [("tt1", "Heat", "War", "Quite another story.")])
    with pytest.warns(UserWarning, match=r"1 with two titles or two descriptions.*tt1"):
        films = load("kaggle_csv", path=genres)
    assert films.texts == ("A thief, and his hunter.",)
    assert set(films.label_names) == {"Action", "Crime", "War"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"movie_id,movie_name,description\ntt1,A,b\n",
            r"line 2: 'genre'; expected UTF-8 with the",
        ),
        (b"movie_id,movie_name,genre,description\ntt1,A,War\n", "line 2: no movie_id, or more or"),
        (b"movie_id,movie_name,genre,description\n,A,War,b\n", "line 2: no movie_id"),
        (b"movie_id,movie_name,genre,description\ntt1,A,War,b,c\n", "line 2: no movie_id, or more"),
        (b'movie_id,movie_name,genre,description\ntt1,A,War,"b\n', "unexpected end of data"),
        (b"movie_id,movie_name,genre,description\ntt1,A,War,caf\xe9\n", "can't decode byte 0xe9"),
    ],
)
def test_a_bad_table_is_refused_by_file_and_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "war.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=rf"war\.csv, line \d: .*{message}|war.csv, {message}"):
        load("kaggle_csv", path=tmp_path)


@pytest.mark.parametrize("options", [{}, {"path": "no/such/folder"}])
def test_without_a_folder_one_learns_where_to_get_it(options: dict) -> None:
    with pytest.raises(DatasetError, match=r"no CSV file in path=.*kaggle\.com/datasets/rajugc"):
        load("kaggle_csv", **options)


@relaxed
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["tt1", "tt2", "tt3"]),
            st.lists(st.sampled_from(["War", "Drama", "Sci-Fi"]), max_size=3),
            st.sampled_from(
                ["Add a Plot", "One. See full summary »", "A story.", "Another one.", ""]
            ),
        )
    )
)
def test_merging_is_what_one_does_by_hand(rows: list[tuple[str, list[str], str]]) -> None:
    films = kaggle_csv.merge((number, "T", ", ".join(g), text) for number, g, text in rows)
    assert list(films) == list(dict.fromkeys(number for number, _, _ in rows))
    for name, (_, genres, texts) in films.items():
        mine = [(g, text) for number, g, text in rows if number == name]
        assert set(genres) == {genre for g, _ in mine for genre in g}
        told = [text for _, text in mine if text in ("A story.", "Another one.")]
        assert list(texts) == list(dict.fromkeys(told))


@relaxed
@given(WORDS)
def test_only_placeholders_are_missing(text: str) -> None:
    assert kaggle_csv.described(f"{text} ... See full summary »") == ""
    assert kaggle_csv.described(f"A film: {text}") == " ".join(f"A film: {text}".split())
