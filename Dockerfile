# Digit Lab as an image: see docs/deploying.md. The wheel is made in the first stage; the second has
# nothing of the checkout, and runs as a user of its own, also on a disk that can't be written.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml requirements.txt requirements-export.txt requirements-cluster.txt README.md LICENSE app.py ./
COPY .streamlit .streamlit
COPY assets assets
COPY mnist_core mnist_core
COPY ui ui
# The base image comes without compiled files, and what runs may write none: all is compiled here, Python's
# own library too. Without it the first page took three times as much of the processor.
RUN pip install --no-cache-dir --root-user-action=ignore ".[cluster]" \
    && python -m compileall -q /usr/local/lib/python3.13

FROM python:3.13-slim
COPY --from=build /usr/local /usr/local
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent lab \
    && install -d -o lab -g lab -m 700 /runs
USER lab
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DIGIT_LAB_RUNS=/runs
ENV STREAMLIT_SERVER_PORT=8501 STREAMLIT_SERVER_HEADLESS=true
# Else Streamlit asks a server elsewhere for its own address, before the first page.
ENV STREAMLIT_BROWSER_SERVER_ADDRESS=localhost
# Not /runs: another user of a host's choice could not even enter it.
WORKDIR /
VOLUME /runs
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['STREAMLIT_SERVER_PORT'] + ('/' + os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/')).rstrip('/') + '/_stcore/health', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["digit-lab", "serve"]
