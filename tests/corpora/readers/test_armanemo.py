"""ArmanEmo."""

FILE = "dataset/train.tsv"


def test_texts_labels_and_parts(release):
    corpus = release("armanemo").read()
    assert corpus.part("train").index[0] == "train/00001"
    assert corpus.items.loc["train/00001", "text"].endswith('"')
    assert corpus.split().guarantee == "official: no groups known"
    assert corpus.rated().raters == ["gold"]
    assert corpus.rated().plurality().equals(corpus.items["label"].rename("plurality"))


def test_the_files_may_stand_in_the_folder_itself(release):
    there = release("armanemo")
    before = there.read().items
    for part in ("train", "test"):
        (there.folder / f"dataset/{part}.tsv").rename(there.folder / f"{part}.tsv")
    assert there.read().items.equals(before)


def test_bad_input(release):
    there = release("armanemo")
    there.edit_line(FILE, 3, lambda line: line.replace("\t", ";"))
    there.refused(r"train.tsv, line 3: 1 fields found, 2 expected")
    there.edit_line(FILE, 3, lambda line: "متن\tHAPPPY")
    there.refused(r"train.tsv, line 3: unknown label 'HAPPPY'; legal: ANGRY, FEAR")
    there.edit_line(FILE, 3, lambda line: "متن\t")
    there.refused(r"train.tsv, line 3: unknown label ''")
    (there.folder / FILE).write_bytes("متن\tSAD\nسلام\tSAD".encode("cp1256"))
    there.refused(r"train.tsv, line 1: byte 0x\w\w is not valid utf-8; save the file as UTF-8")
    (there.folder / FILE).write_bytes(b"")
    there.refused("train.tsv: the file is empty")
    (there.folder / FILE).unlink()
    there.refused(r"there is no file dataset/train.tsv \(nor train.tsv\)")
