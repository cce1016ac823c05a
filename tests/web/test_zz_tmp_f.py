import pytest, schemathesis
from schemathesis.checks import not_a_server_error
from hypothesis import settings, HealthCheck
from tests.web.conftest import *
@pytest.fixture
def api(app, people):
    import schemathesis
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
def test_all(app, people):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app).include(path_regex="connections|messages|webhooks")
    h = people.bearer("admin")
    n=0
    from hypothesis import given
    for r in schema.get_all_operations():
        op = r.ok()
        @given(op.as_strategy())
        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        def run(case):
            resp = case.call(headers=h)
            assert resp.status_code < 500, resp.text; assert resp.headers["Content-Type"].startswith("application/json")
        try:
            run()
        except BaseException as e:
            print("FAIL", op.label, str(e)[:1500])
            n+=1
    assert n==0
