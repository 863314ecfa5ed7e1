"""What JUnit XML and SARIF 2.1.0 require, as far as our reports use it.

JUnit has no official schema; this is what its readers (Jenkins, GitLab, GitHub actions) agree on.
The schema of SARIF is published by OASIS under terms of its own and not included here; what it
requires of the properties that we write is checked instead, and that we write no others.
"""

import re
import xml.etree.ElementTree

_JUNIT = {  # element: required attributes, optional ones, children
    'testsuites': ({'name'}, set(), {'testsuite'}),
    'testsuite': ({'name', 'tests', 'failures', 'errors', 'skipped'}, set(), {'testcase'}),
    'testcase': ({'classname', 'name'}, {'time'}, {'failure', 'skipped'}),
    'failure': ({'message'}, {'type'}, set()),
    'skipped': (set(), {'message'}, set()),
}


def _junit_element(element):
    required, optional, children = _JUNIT[element.tag]
    names = set(element.attrib)
    assert required <= names <= required | optional, (element.tag, element.attrib)
    for child in element:
        assert child.tag in children, (element.tag, child.tag)
        _junit_element(child)


def junit(path):
    """Checks the file; returns its cases: (class, name, failed)."""
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == 'testsuites', root.tag
    _junit_element(root)
    cases = []
    for suite in root:
        for name, tag in (('tests', 'testcase'), ('failures', 'testcase/failure'),
                          ('skipped', 'testcase/skipped'), ('errors', 'testcase/error')):
            assert int(suite.get(name)) == len(suite.findall(tag)), (name, suite.attrib)
        for case in suite:
            assert len(case) <= 1 and float(case.get('time', '0')) >= 0, case.attrib
            cases.append((case.get('classname'), case.get('name'), case.find('failure') is not None))
    return cases


class _Type:
    """A JSON object of SARIF: its properties by name; see below for those that must be there."""

    def __init__(self, **properties):
        self.required = {name[:-1] for name in properties if name.endswith('_')}
        self.known = {name.rstrip('_'): kind for name, kind in properties.items()}

    def check(self, value, where):
        assert isinstance(value, dict), where
        assert self.required <= set(value), (where, 'lacks', self.required - set(value))
        for name, one in value.items():
            assert name in self.known, (where, 'unknown', name)
            _check(self.known[name], one, f'{where}.{name}')


def _check(kind, value, where):
    if isinstance(kind, _Type):
        kind.check(value, where)
    elif isinstance(kind, list):
        assert isinstance(value, list), where
        for index, one in enumerate(value):
            _check(kind[0], one, f'{where}[{index}]')
    elif isinstance(kind, re.Pattern):
        assert isinstance(value, str) and kind.fullmatch(value), (where, value)
    elif kind is int:
        assert type(value) is int, (where, value)  # a bool is an int to isinstance
    else:
        assert isinstance(value, kind), (where, value)


# A name with '_' at its end is required.
_LEVEL = re.compile('none|note|warning|error')
_MESSAGE = _Type(text_=str)
_URI = re.compile(r"([A-Za-z0-9._~/:@!$&'()*+,;=-]|%[0-9A-F]{2})+")
_SARIF = _Type(
    version_=re.compile(r'2\.1\.0'),
    runs_=[_Type(
        tool_=_Type(driver_=_Type(
            name_=str, version=str,
            rules=[_Type(id_=str, shortDescription=_MESSAGE,
                         defaultConfiguration=_Type(level=_LEVEL))])),
        invocations=[_Type(executionSuccessful_=bool, commandLine=str)],
        results=[_Type(
            ruleId=str, ruleIndex=int, level=_LEVEL, message_=_MESSAGE,
            locations=[_Type(
                physicalLocation=_Type(artifactLocation=_Type(uri=_URI),
                                       region=_Type(startLine=int)),
                logicalLocations=[_Type(fullyQualifiedName=str, kind=str)])],
            partialFingerprints=dict, properties=dict)])],
    **{'$schema': str})


def sarif(report):
    """Checks a report; returns its results."""
    _check(_SARIF, report, 'sarif')
    for run in report['runs']:
        rules = [rule['id'] for rule in run['tool']['driver']['rules']]
        assert len(rules) == len(set(rules)), rules
        for result in run['results']:
            assert rules[result['ruleIndex']] == result['ruleId'], result
            assert all(isinstance(text, str) for text in result['partialFingerprints'].values())
    return [result for run in report['runs'] for result in run['results']]
