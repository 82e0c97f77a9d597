# ruff: noqa
# mypy: ignore-errors
# fmt: off
# guides/aurora-production.ja.txt, 4.3, word for word; the guide leaves out this import.
from django.conf import settings


class ReaderRouter:
    """読み取りクエリをリードレプリカにルーティング"""

    def db_for_read(self, model, **hints):
        """読み取りはreaderデータベースへ"""
        if 'reader' in settings.DATABASES:
            return 'reader'
        return 'default'

    def db_for_write(self, model, **hints):
        """書き込みはdefault（Writer）へ"""
        return 'default'
