"""Runners of package managers: what they run is the program after them."""

from __future__ import annotations

from dbguard.commands.entry import Entry, Wrapper

_NPM = "https://docs.npmjs.com/cli/commands/npx"
_NPM_VALUES = (
    "-p --package -w --workspace --prefix -C --dir -F --filter --cwd --registry --node-options"
)

ENTRIES: tuple[Entry, ...] = (
    Wrapper(
        "npx|bunx|pnpx|tsx|ts-node|dlx|vite-node",
        values=_NPM_VALUES,
        text="-c --call",
        documentation=_NPM,
    ),
    Wrapper(
        "npm exec|x, npm run|run-script, pnpm exec|dlx|run, yarn exec|dlx|run|node, bun x|run",
        values=_NPM_VALUES,
        documentation=_NPM,
    ),
    Wrapper(
        "yarn workspace",
        values=_NPM_VALUES,
        operands=1,
        documentation="https://classic.yarnpkg.com/en/docs/cli/workspace",
    ),
    Wrapper(
        "yarn workspaces foreach|run",
        values=_NPM_VALUES + " --include --exclude -j --from",
        documentation="https://yarnpkg.com/cli/workspaces/foreach",
    ),
    Wrapper("yarn|pnpm|bun", values=_NPM_VALUES, documentation="https://pnpm.io/pnpm-cli"),
    Wrapper(
        "lerna exec, nx exec, rush-pnpm exec, turbo exec",
        values="--scope --ignore",
        documentation="https://github.com/lerna/lerna/tree/main/libs/commands/exec",
    ),
    Wrapper(
        "rw|redwood|cedar|blitz|keystone|keystone-next",
        documentation="https://docs.redwoodjs.com/docs/cli-commands",
    ),
    Wrapper(
        "dotenv|dotenv-cli|dotenvx",
        values="-e -c -v -p -f --file",
        environment_files="-e -f --file -c",
        documentation="https://github.com/entropitay/dotenv-cli",
    ),
    Wrapper(
        "env-cmd",
        values="-f --file -e --environments -r --rc-file",
        environment_files="-f --file -e --environments",
        documentation="https://github.com/toddbluhm/env-cmd",
    ),
    Wrapper(
        "bundle exec", values="--gemfile", documentation="https://bundler.io/man/bundle-exec.1.html"
    ),
    Wrapper(
        "rbenv exec, asdf exec, mise exec|x, rvm do, nvm exec, fnm exec, volta run",
        documentation="https://github.com/rbenv/rbenv",
    ),
    Wrapper("spring", documentation="https://github.com/rails/spring"),
    Wrapper(
        "foreman run, honcho run, hivemind run, overmind run",
        values="-e --env -f --procfile -d",
        documentation="https://ddollar.github.io/foreman/",
    ),
    Wrapper(
        "poetry run, pipenv run, pdm run, rye run, hatch run, pixi run, nox --",
        values="-C --directory -p --project -e --env",
        documentation="https://python-poetry.org/docs/cli/#run",
    ),
    Wrapper(
        "uv run, uv tool run",
        values="--with --with-editable --with-requirements -p --python --env-file --extra --group"
        " --no-group --only-group --directory --project --index -i --package --config-file --from",
        text="",
        documentation="https://docs.astral.sh/uv/reference/cli/",
    ),
    Wrapper(
        "uvx|pipx",
        values="--with --from -p --python",
        documentation="https://docs.astral.sh/uv/guides/tools/",
    ),
    Wrapper("pipx run", values="--spec --python", documentation="https://pipx.pypa.io/stable/"),
    Wrapper(
        "conda run, mamba run, micromamba run",
        values="-n --name -p --prefix --cwd",
        documentation="https://docs.conda.io/projects/conda/en/latest/commands/run.html",
    ),
    Wrapper(
        "coverage run",
        values="--source --omit --rcfile -m --include",
        documentation="https://coverage.readthedocs.io/en/latest/cmd.html",
    ),
    Wrapper(
        "symfony php|run", documentation="https://symfony.com/doc/current/setup/symfony_cli.html"
    ),
    Wrapper("symfony", documentation="https://symfony.com/doc/current/setup/symfony_cli.html"),
    Wrapper(
        "composer exec|run|run-script",
        values="-d --working-dir",
        documentation="https://getcomposer.org/doc/03-cli.md#exec",
    ),
    Wrapper(
        "composer", values="-d --working-dir", documentation="https://getcomposer.org/doc/03-cli.md"
    ),
    Wrapper(
        "cargo",
        values="--manifest-path -Z --config",
        documentation="https://doc.rust-lang.org/cargo/commands/cargo.html",
    ),
    Wrapper(
        "dotnet tool run",
        documentation="https://learn.microsoft.com/dotnet/core/tools/dotnet-tool-run",
    ),
    Wrapper("go tool", documentation="https://pkg.go.dev/cmd/go"),
    Wrapper(
        "go run",
        values="-tags -mod -modfile",
        single_dash=True,
        documentation="https://pkg.go.dev/cmd/go",
    ),
    Wrapper(
        "nix-shell",
        text="--run --command",
        values="-p -I -A --arg --argstr",
        operands=99,
        documentation="https://nix.dev/manual/nix/stable/command-ref/nix-shell",
    ),
    Wrapper(
        "nix develop|shell",
        text="--command -c",
        values="-I",
        operands=99,
        documentation="https://nix.dev/manual/nix/stable/command-ref/new-cli/nix3-develop",
    ),
    Wrapper(
        "opam exec, stack exec, cabal exec",
        documentation="https://opam.ocaml.org/doc/man/opam-exec.html",
    ),
)
