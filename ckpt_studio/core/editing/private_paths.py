"""Absolute paths in a text, and the user names that they tell.

A text, a line or a quoted piece that is a path as a whole is taken with its spaces, commas and
apostrophes. In prose a path ends at the next space, unless what follows can only be more of it:
below the folders of users and disks it goes on to a file, or to the end of the line.
Every character is looked at a bounded number of times, however long the text is.
"""

import re
from collections.abc import Callable, Iterator

NOBODY = "user"
"""What stands in place of a user name."""

_ROOTS = (
    "home|Users|root|mnt|media|Volumes|workspace|content|kaggle|data|tmp|opt|var|srv|run|scratch"
)
_VARIABLES = (
    "USERPROFILE|HOMEDRIVE|HOMEPATH|HOME|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES|PUBLIC"
    "|ONEDRIVE|TEMP|TMP|TMPDIR|PWD"
)
_AFTER = r"(?:(?<=[\s\"'`“‘«=:(\[{,;|>])|\A)"
_START = re.compile(
    r"(?P<url>(?:\b(?:https?|ftp):|(?<![\w:/])(?=//(?:[\w-]+\.)+(?:com|org|net|io|ai|co|dev)/))"
    r"//[^\s\"'<>,;=()\[\]]++|;base64,[A-Za-z0-9+/=]*+)"
    r"|(?P<sure>(?<![A-Za-z0-9])[A-Za-z]:[\\/](?=[^\s\"])"  # C:\Users\ana\model.safetensors
    r"|(?<![\\\w])\\\\[?.]\\(?:[A-Za-z]:\\)?"  # \\?\C:\Users\ana\model.safetensors
    r"|(?<![\\\w])\\\\[\w.$-]{2,}+\\(?=[^\s\\\"])"  # \\server\share\model.safetensors
    r"|(?<![\\\w])\\{4}[\w.$-]{2,}+\\\\(?=[^\s\\\"])"  # the same with escapes
    r"|(?<!\w)file:/{1,3}(?:[A-Za-z]:/)?(?=[^\s/])"  # file:///home/ana/model.safetensors
    rf"|(?i:(?:%(?:{_VARIABLES})%){{1,2}}|\$(?:env:)?\{{?(?:{_VARIABLES})\}}?)[\\/](?=[^\s\"])"
    r"|(?<![\w./~])~(?:[A-Za-z][\w.-]*+)?[\\/](?=[^\s\"])"  # ~/models and ~ana/models
    rf"|(?<![\w./~\\<])/(?:{_ROOTS})/(?=[^\s\"])"  # /home/ana/model.safetensors
    r")"
    rf"|(?P<likely>{_AFTER}(?:/(?!9j/)|(?<!:)//)(?=[\w.@+-]))",  # /ssd/models/x.pt, //nas/share/x
)
"""Where a path may start; ``likely`` ones need folders. JPEG in base64 starts with ``/9j/``."""

_WORD = re.compile(
    r"(?:[^\s\"'`<>|*?,;:=(\[{“”«»]++|(?<=\w)'(?=\w)"
    r"|[,;:=(\[{](?![/\\~%$]|[A-Za-z]:[\\/]|file:))*+"
)
_MORE_WORD = r"(?!')[^\s\\/\"`<>|*?:=~$%“”«»]{1,60}+"
_MORE = re.compile(rf" {{1,2}}(?:{_MORE_WORD} {{1,2}}){{0,5}}{_MORE_WORD}(?<![(\[{{,;'])([\\/])")
_MOST_MORE = 2
"""Words that may continue a path of POSIX in prose; one of Windows goes on to its last ``\\``."""

_OF_USERS = re.compile(r"/(?:home|Users|mnt|media|run/media|Volumes)/")
_PROSE = re.compile(
    r"(?i)[,;.:!?)](?: |$)|(?<= )(?:an?|and|as|at|be|because|but|by|can|does|for|from|ha[ds]|have"
    r"|he|if?|in|into|its?|is|like|made|makes|not|of|on|or|per|plus|see|she|so|than|that|the|then|there"
    r"|they|this|to|under|use[ds]?|uses|using|via|was|we|were|when|where|which|while|will|with"
    r"|without|you)(?= )"
)
"""What tells a sentence from names of folders."""

_MOST_FOLDERS = 8
_LAST_WORDS = re.compile(r"(?: [^\s/]+){0,2} *(?=[\r\n]|\Z)")

_FILE = (
    r"\.(?:safetensors|sft|ckpt|pth?|bin|gguf|onnx|pickle|pkl|npz|png|jpe?g|webp|avif|gif|mp4|webm"
    r"|txt|md|csv|json|ya?ml|toml|ini|cfg|log|py|ipynb|sh|bat|exe|zip|7z|tar|gz|html?)"
)
_FILE_END = re.compile(rf"{_FILE}[.,;:!?)\]}}]*$", re.IGNORECASE)
_FILE_INSIDE = re.compile(rf"{_FILE}[,;.:!?]?\s", re.IGNORECASE)
_LONGEST_FILE_END = 24
_MOST_PUNCTUATION = 8
_MOST_APOSTROPHES = 8
_ANY_FILE_END = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,11}$")
_NOT_IN_NAMES = re.compile(r"[\"<>|*?\n\r\t]")
_NO_FOLDERS = re.compile(r"\s(?:\d+/\d|and/or\b|w/|(?:is|are|was|were|has|have|then)\s)")
_MOST_WORDS = 5
_MOST_WORDS_OF_USER = 2
_LONGEST = 4096
_BASE64 = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/]{60,}={0,2}")
_NO_PATH = re.compile(r"[\\^$*{}\[\]|]")
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»"}

_USER = re.compile(
    r"(?:^|[\\/])(?:home|Users|Documents and Settings)[\\/]+([^\\/]+)", re.IGNORECASE
)
_RELATIVE = re.compile(r"(?:home|Users)[\\/]+([^\\/\s]+)[\\/]")
_TILDE = re.compile(r"~([A-Za-z][\w.-]*)[\\/]")


def find_paths(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every absolute path, from left to right."""
    if "/" not in text and "\\" not in text:
        return
    position = 0
    while found := _START.search(text, position):
        position = found.end()
        if found["url"] is not None:
            continue
        end = _end(text, found)
        if found["sure"] is not None or _has_folders(text[found.start() : end]):
            yield found.start(), end
        position = max(position, end)


def replace_paths(text: str, change: Callable[[str], str]) -> str:
    """Return a text with every path changed, and all that is around them as it was."""
    done, pieces = 0, []
    for start, end in find_paths(text):
        pieces += [text[done:start], change(text[start:end])]
        done = end
    return "".join((*pieces, text[done:]))


def file_name(path: str) -> str:
    """Return the last name of a path; ``user`` where that is the folder of somebody."""
    parts = re.split(r"[\\/]+", path.rstrip("\\/ "))
    return NOBODY if _is_home(parts) and not _FILE_END.search(parts[-1]) else parts[-1]


def _is_home(names: list[str]) -> bool:
    """Whether the last folder is named after a user."""
    return len(names) > 1 and names[-2].lower() in {"home", "users", "documents and settings"}


def users_in(text: str) -> Iterator[str]:
    """Yield the names that the paths in a text tell."""
    if "/" not in text and "\\" not in text:
        return
    if relative := _RELATIVE.match(text):
        yield relative[1]
    for start, end in find_paths(text):
        path = text[start:end]
        if tilde := _TILDE.match(path):
            yield tilde[1]
        for name in _USER.findall(path):
            if not _FILE_END.search(name):
                yield name.strip()


def _end(text: str, start: re.Match[str]) -> int:
    """Return where the path ends that starts with ``start``."""
    for end in _ends_of_piece(text, start.start()):
        if _is_path(text[start.start() : end], len(start[0])):
            return end
    return _end_in_prose(text, start.start(), start.end())


def _ends_of_piece(text: str, start: int) -> Iterator[int]:
    """Yield where the line ends or the quotes close that a path may fill."""
    before = text[start - 1] if start else "\n"
    if before in "\n\r":
        line = text.find("\n", start, start + _LONGEST)
        if line < 0 and len(text) <= start + _LONGEST:
            line = len(text)
        if line >= 0:
            yield start + len(text[start:line].rstrip())
    elif before in _QUOTES:
        close = start
        for _ in range(_MOST_APOSTROPHES):
            close = text.find(_QUOTES[before], close + 1, start + _LONGEST // 4)
            if close < 0:
                return
            if text[close] not in "'’" or not text[close + 1 : close + 2].isalnum():
                yield close
                return


def _is_path(piece: str, head: int) -> bool:
    """Whether a line or a quoted piece is one path as a whole, ``head`` being how it starts."""
    rest = piece[head:]
    if _START.search(piece, head) or _NOT_IN_NAMES.search(rest) or _FILE_INSIDE.search(rest):
        return False
    names = re.split(r"[\\/]+", rest)
    if _FILE_END.search(names[-1]):
        return True
    words = [len(name.split()) for name in names]
    if words[-1] > _MOST_WORDS_OF_USER and _is_home(re.split(r"[\\/]+", piece)):
        return False
    few = [number <= _MOST_WORDS for number in words]
    return few[-1] if "\\" in piece else all(few) and not _NO_FOLDERS.search(rest)


def _end_in_prose(text: str, start: int, head_end: int) -> int:
    end = _word_end(text, head_end)
    windows = "\\" in text[start:head_end]
    while not _is_file(text, head_end, end) and (more := _MORE.match(text, end)):
        further = _word_end(text, more.end())
        spaces = more[0].count(" ")
        posix = spaces <= _MOST_MORE and _is_file(text, more.end(), further)
        if not (posix if more[1] == "/" else windows):
            break
        end = further
    if not _is_file(text, head_end, end) and _OF_USERS.match(text, start):
        end = _end_among_users(text, end)
    return _without_punctuation(text, head_end, end)


def _end_among_users(text: str, start: int) -> int:
    """Return where a path ends whose folders have spaces, ``start`` where no ending tells it."""
    end, names = start, ""
    for _ in range(_MOST_FOLDERS):
        more = _MORE.match(text, end)
        if more is None or more[1] != "/" or _PROSE.search(f"{more[0][:-1]} "):
            break
        names, end = names + more[0], _word_end(text, more.end())
        if _is_file(text, more.end(), end):
            return end
    last = _LAST_WORDS.match(text, end)
    if (
        last is None
        or not re.search(r" [A-Z0-9]", names)
        or _PROSE.search(f"{last[0].rstrip(' .')} ")
    ):
        return start
    return end + len(last[0].rstrip())


def _word_end(text: str, start: int) -> int:
    word = _WORD.match(text, start)
    return word.end() if word else start


def _is_file(text: str, start: int, end: int) -> bool:
    return _FILE_END.search(text[max(start, end - _LONGEST_FILE_END) : end]) is not None


def _without_punctuation(text: str, start: int, end: int) -> int:
    """Return the end of a path without what closes a sentence or a bracket around it."""
    brackets = {")": "(", "]": "[", "}": "{"}
    for _ in range(min(end - start, _MOST_PUNCTUATION)):
        last = text[end - 1]
        if last in brackets:
            if text.count(last, start, end) <= text.count(brackets[last], start, end):
                break
        elif last not in ".,;:!=":
            break
        end -= 1
    return end


def _has_folders(path: str) -> bool:
    names = [name for name in path.split("/") if name]
    folders = len(names) if path.endswith("/") else len(names) - 1
    if folders < 1 or (folders < 2 and not _ANY_FILE_END.search(path)):  # noqa: PLR2004
        return False
    told = any(character.isalpha() for character in names[0])
    return told and not _NO_PATH.search(path) and not _BASE64.fullmatch(path)
