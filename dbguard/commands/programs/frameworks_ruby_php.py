"""Ruby's and PHP's ORMs, migration tools and applications."""

from __future__ import annotations

from dbguard.commands.entry import Command, Entry
from dbguard.flow import Direction
from dbguard.operations import Certainty, Kind

_RAILS = "https://guides.rubyonrails.org/active_record_migrations.html"
_RAILS_VALUES = "-e --environment -f --rakefile -I -r --require -N --trace?"
_RAILS_ENVIRONMENT = "-e --environment $RAILS_ENV $RACK_ENV"
_LARAVEL = "https://laravel.com/docs/migrations"
_LARAVEL_VALUES = "--env --database --path --step --batch --seeder"
_LARAVEL_ENVIRONMENT = "--env $APP_ENV"
_DOCTRINE = "https://symfony.com/bundles/DoctrineBundle/current/index.html"
_SYMFONY_VALUES = "-e --env --em --connection -c --conn --group --purger --purge-exclusions"
_SYMFONY_ENVIRONMENT = "-e --env $APP_ENV"
_WP = "https://developer.wordpress.org/cli/commands/db/"
_WP_VALUES = "--path --url --ssh --user"
_DRUSH = "https://www.drush.org/latest/commands/"
_DRUSH_VALUES = "--database --target --db-url --uri -l --root -r --result-file --extra"
_MAGENTO = "https://experienceleague.adobe.com/en/docs/commerce-operations/tools/cli-reference/commerce-on-premises"
_DOWN = Direction.DOWN


def _tasks(names: str, kind: Kind, direction: Direction | None = None) -> Command:
    """Return the entry of Rails tasks, several of which one command may run."""
    return Command(
        f"rails|rake|spring|brails {names}",
        kind=kind,
        direction=direction,
        anywhere=True,
        values=_RAILS_VALUES,
        environment=_RAILS_ENVIRONMENT,
        unless="--help -T --tasks -n --dry-run",
        documentation=_RAILS,
    )


def _artisan(names: str, kind: Kind, **more: str) -> Command:
    return Command(
        f"artisan {names}",
        kind=kind,
        values=_LARAVEL_VALUES,
        target="--database",
        environment=_LARAVEL_ENVIRONMENT,
        documentation=more.get("documentation", _LARAVEL),
        unless="--pretend --help",
    )


def _console(names: str, **more: str) -> Command:
    return Command(
        f"console {names}",
        kind=Kind.RESET,
        values=_SYMFONY_VALUES,
        environment=_SYMFONY_ENVIRONMENT,
        needs=more.get("needs", ""),
        unless=more.get("unless", "--help --dump-sql"),
        target="--connection -c --conn",
        certainty=Certainty.OPAQUE if "opaque" in more else None,
        documentation=_DOCTRINE,
    )


ENTRIES: tuple[Entry, ...] = (
    _tasks(
        "db:drop|db:drop:all|db:drop:_unsafe|db:drop:primary|db:mongoid:drop|ar:drop|db:drop:*",
        Kind.RESET,
    ),
    _tasks(
        "db:reset|db:reset:*|db:schema:load|db:schema:load:*|db:structure:load|db:setup|db:setup:all"
        "|db:purge|db:purge:all|db:fixtures:load|db:truncate_all|db:migrate:reset|db:seed:replant|db:mongoid:purge"
        "|db:schema:load_if_ruby|ar:reset|dm:auto:migrate|app:db:reset|app:db:drop",
        Kind.RESET,
    ),
    _tasks("db:migrate VERSION=0", Kind.RESET),
    _tasks("db:rollback|db:rollback:*|db:migrate:down|db:migrate:redo", Kind.RESET, _DOWN),
    Command(
        "hanami db drop",
        kind=Kind.RESET,
        values="-e --env",
        environment="-e --env $HANAMI_ENV",
        documentation="https://guides.hanamirb.org/v2.2/database/overview/",
    ),
    Command(
        "hanami db reset",
        kind=Kind.RESET,
        values="-e --env",
        environment="-e --env $HANAMI_ENV",
        documentation="https://guides.hanamirb.org/v2.2/database/overview/",
    ),
    Command(
        "sequel",
        kind=Kind.RESET,
        needs="-M=0",
        values="-m -M -e -l -E?",
        target="1",
        documentation="https://sequel.jeremyevans.net/rdoc/files/doc/bin_sequel_rdoc.html",
    ),
    Command(
        "sequel",
        kind=Kind.RESTORE,
        needs="-C --copy-databases",
        values="-m -M",
        target="2",
        source="1",
        documentation="https://sequel.jeremyevans.net/rdoc/files/doc/bin_sequel_rdoc.html",
    ),
    _artisan("migrate:fresh|migrate:refresh|migrate:reset|db:wipe", Kind.RESET),
    _artisan(
        "tenants:migrate-fresh|module:migrate-fresh|module:migrate-refresh|module:migrate-reset",
        Kind.RESET,
        documentation="https://tenancyforlaravel.com/docs/v3/console-commands/",
    ),
    Command(
        "artisan migrate:rollback|tenants:rollback|module:migrate-rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        values=_LARAVEL_VALUES,
        target="--database",
        unless="--pretend --help",
        documentation=_LARAVEL,
    ),
    Command(
        "artisan backup:run",
        kind=Kind.BACKUP,
        unless="--only-files --help",
        values="--only-to-disk --filename",
        target="--filename",
        documentation="https://spatie.be/docs/laravel-backup",
    ),
    Command(
        "artisan backup:restore|snapshot:load",
        kind=Kind.RESTORE,
        source="1",
        documentation="https://github.com/spatie/laravel-db-snapshots",
    ),
    Command(
        "artisan snapshot:create",
        kind=Kind.BACKUP,
        target="1",
        documentation="https://github.com/spatie/laravel-db-snapshots",
    ),
    Command(
        "artisan down",
        kind=Kind.STOP_SERVICE,
        documentation="https://laravel.com/docs/configuration#maintenance-mode",
    ),
    Command(
        "artisan up",
        kind=Kind.START_SERVICE,
        documentation="https://laravel.com/docs/configuration#maintenance-mode",
    ),
    Command(
        "console doctrine:database:drop|d:d:d|do:da:dr|doctrine:database:dr",
        kind=Kind.RESET,
        needs="--force -f",
        values=_SYMFONY_VALUES,
        environment=_SYMFONY_ENVIRONMENT,
        target="--connection -c",
        documentation=_DOCTRINE,
    ),
    _console("doctrine:schema:drop|d:s:d|doctrine:mongodb:schema:drop", needs="--force -f"),
    _console("doctrine:mongodb:schema:drop", unless="--help --force -f"),
    _console("doctrine:schema:update|d:s:u", needs="--force -f", opaque="yes", unless="--help"),
    _console(
        "doctrine:fixtures:load|d:f:l|doctrine:mongodb:fixtures:load|hautelook:fixtures:load|h:f:l"
        "|doctrine:phpcr:fixtures:load|sylius:fixtures:load",
        unless="--append --help",
    ),
    _console("doctrine:migrations:migrate|d:m:m first|0", unless="--dry-run --help"),
    Command(
        "console doctrine:migrations:migrate|d:m:m prev",
        kind=Kind.RESET,
        direction=_DOWN,
        values=_SYMFONY_VALUES,
        documentation="https://www.doctrine-project.org/projects/doctrine-migrations/en/current/reference/managing-migrations.html",
    ),
    Command(
        "console doctrine:migrations:execute, doctrine-migrations execute|migrations:execute",
        kind=Kind.RESET,
        needs="--down",
        unless="--dry-run --write-sql --help",
        direction=_DOWN,
        values=_SYMFONY_VALUES,
        documentation="https://www.doctrine-project.org/projects/doctrine-migrations/en/current/reference/managing-migrations.html",
    ),
    Command(
        "doctrine orm:schema-tool:drop|orm:schema-tool:update, doctrine.php orm:schema-tool:drop",
        kind=Kind.RESET,
        needs="--force -f",
        documentation="https://www.doctrine-project.org/projects/doctrine-orm/en/current/reference/tools.html",
    ),
    Command(
        "doctrine-migrations migrate|migrations:migrate first|0",
        kind=Kind.RESET,
        unless="--dry-run --help",
        documentation="https://www.doctrine-project.org/projects/doctrine-migrations/en/current/reference/managing-migrations.html",
    ),
    Command(
        "phinx rollback",
        kind=Kind.RESET,
        needs="-t=0 --target=0",
        values="-t --target -e --environment -c --configuration -d --date",
        environment="-e --environment",
        unless="--dry-run --help -x",
        documentation="https://book.cakephp.org/phinx/0/en/commands.html",
    ),
    Command(
        "phinx rollback",
        kind=Kind.RESET,
        unless="-t=0 --target=0 --dry-run --help -x",
        direction=_DOWN,
        values="-t --target -e --environment -c --configuration -d --date",
        documentation="https://book.cakephp.org/phinx/0/en/commands.html",
    ),
    Command(
        "cake migrations rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        values="-t --target -c --connection",
        documentation="https://book.cakephp.org/migrations/4/en/index.html",
    ),
    Command(
        "spark migrate:refresh",
        kind=Kind.RESET,
        environment="$CI_ENVIRONMENT",
        documentation="https://codeigniter.com/user_guide/dbmgmt/migration.html",
    ),
    Command(
        "spark migrate:rollback",
        kind=Kind.RESET,
        direction=_DOWN,
        values="-b -g",
        documentation="https://codeigniter.com/user_guide/dbmgmt/migration.html",
    ),
    Command(
        "yii migrate/fresh, yii migrate/down all, yii migrate/redo all",
        kind=Kind.RESET,
        environment="$YII_ENV",
        documentation="https://www.yiiframework.com/doc/guide/2.0/en/db-migrations",
    ),
    Command(
        "yii migrate/down|migrate/redo",
        kind=Kind.RESET,
        direction=_DOWN,
        documentation="https://www.yiiframework.com/doc/guide/2.0/en/db-migrations",
    ),
    Command(
        "craft db/drop-all-tables",
        kind=Kind.RESET,
        documentation="https://craftcms.com/docs/5.x/reference/cli.html",
    ),
    Command(
        "craft db/backup",
        kind=Kind.BACKUP,
        target="1",
        documentation="https://craftcms.com/docs/5.x/reference/cli.html",
    ),
    Command(
        "craft db/restore",
        kind=Kind.RESTORE,
        source="1",
        documentation="https://craftcms.com/docs/5.x/reference/cli.html",
    ),
    Command("wp db drop", kind=Kind.RESET, values=_WP_VALUES, documentation=_WP + "drop/"),
    Command("wp db reset|clean", kind=Kind.RESET, values=_WP_VALUES, documentation=_WP + "reset/"),
    Command(
        "wp site empty",
        kind=Kind.RESET,
        values=_WP_VALUES,
        documentation="https://developer.wordpress.org/cli/commands/site/empty/",
    ),
    Command(
        "wp db export|dump",
        kind=Kind.BACKUP,
        target="1 >",
        values=_WP_VALUES + " --tables --exclude_tables",
        documentation=_WP + "export/",
    ),
    Command(
        "wp db import",
        kind=Kind.RESTORE,
        source="1 <",
        values=_WP_VALUES,
        documentation=_WP + "import/",
    ),
    Command(
        "drush sql:drop|sql-drop",
        kind=Kind.RESET,
        values=_DRUSH_VALUES,
        documentation=_DRUSH + "sql_drop/",
    ),
    Command(
        "drush sql:create|sql-create",
        kind=Kind.RESET,
        values=_DRUSH_VALUES,
        documentation=_DRUSH + "sql_create/",
    ),
    Command(
        "drush site:install|site-install|si",
        kind=Kind.RESET,
        values=_DRUSH_VALUES + " --site-name --account-pass --account-name",
        target="--db-url",
        documentation=_DRUSH + "site_install/",
    ),
    Command(
        "drush sql:sync|sql-sync",
        kind=Kind.RESTORE,
        source="1",
        target="2",
        values=_DRUSH_VALUES,
        documentation=_DRUSH + "sql_sync/",
    ),
    Command(
        "drush sql:dump|sql-dump",
        kind=Kind.BACKUP,
        target="--result-file >",
        values=_DRUSH_VALUES,
        documentation=_DRUSH + "sql_dump/",
    ),
    Command("magento setup:uninstall", kind=Kind.RESET, documentation=_MAGENTO),
    Command(
        "magento setup:install", kind=Kind.RESET, needs="--cleanup-database", documentation=_MAGENTO
    ),
    Command("magento setup:backup", kind=Kind.BACKUP, needs="--db", documentation=_MAGENTO),
    Command(
        "magento setup:rollback",
        kind=Kind.RESTORE,
        values="-d --db-file",
        source="-d --db-file",
        needs="-d --db-file",
        documentation=_MAGENTO,
    ),
    Command(
        "n98-magerun|n98-magerun2|magerun|n98-magerun2.phar db:drop",
        kind=Kind.RESET,
        documentation="https://github.com/netz98/n98-magerun2",
    ),
    Command(
        "n98-magerun|n98-magerun2|n98-magerun2.phar db:import",
        kind=Kind.RESET,
        needs="--drop --drop-tables",
        target="",
        documentation="https://github.com/netz98/n98-magerun2",
    ),
    Command(
        "n98-magerun|n98-magerun2|n98-magerun2.phar db:dump",
        kind=Kind.BACKUP,
        target="1",
        documentation="https://github.com/netz98/n98-magerun2",
    ),
)
