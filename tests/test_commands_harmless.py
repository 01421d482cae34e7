"""Command lines close to destructive ones that do nothing to a database."""

from __future__ import annotations

import pytest

from tests.command_lines import lowered

HARMLESS = """\
ls data
cat app.db
echo rm app.db
printf 'DROP TABLE users'
grep -r 'DROP TABLE' .
man rm
which psql
command -v psql
command -V rm
type rm
touch app.db
mkdir -p data
rmdir data
chmod 600 app.db
chown app app.db
head -c 16 app.db
file app.db
stat app.db
du -sh data
rm --help
cp --help
cp app.db
mv --version
ln -s app.db link.db
tee -a log.txt
sponge -a log.txt
truncate -s +10M disk.img
git clean -n
git clean -ndx
git clean -f
git clean -fdxn
git rm --cached app.db
git checkout app.db
git restore .
git reset --hard
git stash -u
git mv
find . -name '*.db'
find . -name '*.db' -print0
find . -name '*.db' -exec ls -l {} \\;
fd -e db
wget https://example.com/app.db
curl https://example.com/app.db
curl -o /dev/null https://example.com
curl -O https://example.com/app.db
curl -X DELETE https://api.example.com/users/1
curl -X DELETE localhost:9200/users/_doc/1
curl -X POST localhost:9200/users/_search -d '{}'
curl -X PUT http://localhost:9200/products
tar tzf backup.tgz
tar xzf backup.tgz
unzip backup.zip
unzip -l backup.zip
gzip -d app.db.zz
gzip -t app.db.gz
zcat x.gz
docker ps -a
docker rm db
docker rm -f db
docker container rm -f db
docker rmi image
docker image prune -af
docker system prune -af
docker volume ls
docker volume create pgdata
docker volume inspect pgdata
docker compose ps
docker compose logs -f
docker compose build --no-cache
docker compose pull
docker compose rm -f web
docker compose exec db psql -l
docker exec db ls /data
docker run --rm -v pgdata:/data alpine ls /data
docker network rm net
docker build -t app .
kubectl get pvc
kubectl delete pod web-1
kubectl delete svc web
kubectl delete configmap web
kubectl apply -f k8s/
kubectl delete pvc data --dry-run=client
kubectl exec db-0 -- ls
kubectl rollout restart deploy/web
helm uninstall app
helm upgrade app ./chart
psql -l
psql --list
psql --version
mysql --version
redis-cli get key
redis-cli -h cache ping
redis-cli DEL key
redis-cli --scan --pattern 'user:*'
mongosh app --eval 'db.users.find({})'
mongosh app --eval 'db.users.deleteMany({age: 3})'
mongosh app --eval '// db.dropDatabase()'
pg_dump --schema-only app
pg_dump -s app
pg_dumpall --globals-only
pg_restore -l app.dump
pg_restore -f out.sql app.dump
pg_isready -h db
pg_resetwal -n /data
dropuser app
initdb -D /data
mysqladmin ping
mysqladmin status
mysqldump --no-data app
dropdb --help
python manage.py migrate
python manage.py migrate shop 0003
python manage.py makemigrations
python manage.py sqlflush
python manage.py loaddata data.json
python manage.py runserver
python manage.py test
python manage.py shell
alembic upgrade head
alembic revision --autogenerate
alembic downgrade base --sql
alembic history
flask db upgrade
flask db migrate
flask run
prisma migrate dev
prisma migrate deploy
prisma db push
prisma db pull
prisma db seed
prisma generate
npx prisma migrate status
npx prisma migrate diff
yarn prisma generate
npm run build
npm install
pnpm install
sequelize db:migrate
sequelize db:create
typeorm migration:run
typeorm schema:log
knex migrate:latest
knex seed:run
drizzle-kit push
drizzle-kit generate
drizzle-kit drop
mikro-orm schema:drop
supabase db push
supabase start
wrangler d1 list
rails db:migrate
rails db:create
rails db:seed
rails db:test:prepare
rails db:version
rails server
rake -T db:drop
rake test
php artisan migrate
php artisan migrate --force
php artisan migrate:status
php artisan migrate:fresh --pretend
php artisan db:seed
php artisan serve
php bin/console doctrine:database:create
php bin/console doctrine:database:drop
php bin/console doctrine:schema:update --dump-sql
php bin/console doctrine:schema:drop --dump-sql
php bin/console doctrine:fixtures:load --append
php bin/console doctrine:migrations:migrate
php bin/console cache:clear
wp db check
wp plugin list
mix ecto.migrate
mix ecto.create
mix test
dotnet ef database update
dotnet ef migrations add Init
dotnet ef database drop --dry-run
flyway migrate
flyway info
mvn clean install
mvn flyway:migrate
./gradlew clean build
liquibase update
liquibase status
dbmate up
dbmate migrate
goose up
goose -dir m status
migrate -path m -database $URL up
atlas schema apply --auto-approve
atlas schema clean --dry-run
sqlx migrate run
sqlx database create
diesel migration run
diesel setup
cargo build
cargo run --release
cargo test
sea-orm-cli migrate up
systemctl status app
systemctl daemon-reload
service app status
pm2 list
pm2 logs
supervisorctl status
aws rds describe-db-instances
aws s3 ls
aws dynamodb list-tables
aws rds delete-db-snapshot --db-snapshot-identifier x
gcloud sql instances list
gcloud compute instances delete vm
bq ls
bq query --dry_run
az sql db list
az vm delete -n vm
doctl databases list
heroku logs --tail
heroku addons:destroy papertrail
heroku pg:info
fly deploy
fly volumes list
terraform apply
terraform destroy
terraform destroy -target=aws_s3_bucket.assets
terraform plan -destroy
node server.js
node -e 'console.log(1)'
ruby -e 'puts 1'
perl -pe 's/a/b/' file
php -v
awk '{print $1}' file
bash --version
python --version
pip install psycopg2
poetry install
uv sync
sudo -l
env
time
ssh host
xargs
install -d /var/lib/app
find . -name '*.db' -ok rm {} \\;
"""


@pytest.mark.parametrize("line", HARMLESS.splitlines())
def test_harmless(line: str) -> None:
    assert lowered(line) == ""
