# One image for everything: `triptych up` for all in one process, `triptych serve SERVICE` for one of them.
#
#   docker build -t triptych .
#   docker run --rm -p 127.0.0.1:8000:8000 -v triptych:/var/lib/triptych triptych

# The whole image of Python, since it has a C compiler.
FROM python:3.12 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/triptych
WORKDIR /src
# The dependencies change seldom, so they come first and stay in a layer of their own.
COPY requirements.lock requirements-compile.lock ./
RUN /opt/triptych/bin/pip install --require-hashes -r requirements.lock \
    && pip install --require-hashes --target /opt/compile -r requirements-compile.lock
COPY pyproject.toml README.md LICENSE ./
COPY triptych triptych
COPY gateway gateway
COPY demo demo
COPY system-apis system-apis
COPY process-apis process-apis
COPY experience-apis experience-apis
RUN /opt/triptych/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/triptych/bin/pip install --no-deps /wheels/*.whl
# The gateway's hot path as C: the same code at two thirds of the cost.
COPY tools/compiled.py tools/compiled.py
RUN PYTHONPATH=/opt/compile /opt/triptych/bin/python tools/compiled.py /compiled \
    && cp -r /compiled/. "$(/opt/triptych/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home triptych \
    && install --directory --owner triptych --group triptych --mode 700 /var/lib/triptych
COPY --from=build /opt/triptych /opt/triptych
ENV PATH=/opt/triptych/bin:$PATH PYTHONUNBUFFERED=1 TRIPTYCH_DATA=/var/lib/triptych TRIPTYCH_PORT=8000
USER triptych
WORKDIR /var/lib/triptych
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['TRIPTYCH_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["triptych"]
# Within a container, loopback would be out of reach for the port that is published.
CMD ["up", "--host", "0.0.0.0"]
