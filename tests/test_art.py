"""The pictures in git are the ones that the code draws."""

from xml.etree import ElementTree

from genrelab.course import art


def test_every_drawn_picture_is_the_one_in_git(tmp_path):
    art.draw(tmp_path)
    drawn = sorted(tmp_path.iterdir())
    assert len(drawn) == 4
    for path in drawn:
        assert path.read_text("utf-8") == (art.STATIC / path.name).read_text("utf-8"), path.name


def test_pictures_name_themselves_and_load_nothing():
    for path in art.STATIC.glob("*.svg"):
        root = ElementTree.fromstring(path.read_text("utf-8"))
        assert root.get("aria-label")
        assert not [node for node in root.iter() if node.tag.endswith(("image", "text", "script"))]


def test_style_sheets_load_nothing_from_elsewhere():
    for path in art.STATIC.glob("*.css"):
        sheet = path.read_text("utf-8")
        assert "http" not in sheet
        assert "@import" not in sheet
        assert sheet.count("{") == sheet.count("}")
