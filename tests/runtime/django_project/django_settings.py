# ruff: noqa
# mypy: ignore-errors
# fmt: off
# guides/aurora-production.ja.txt, 4.2, 4.3 and 7.3, word for word. Of 5.2 the fixed path of the CA is replaced by the
# variable that 4.1 of the guide itself defines for it.
import os
from pathlib import Path

# 本番環境判定
IS_PRODUCTION = os.getenv('ENVIRONMENT') == 'production'

DATABASES = {
    'default': {
        'ENGINE': os.getenv('DB_ENGINE', 'django.db.backends.postgresql'),
        'NAME': os.getenv('DB_NAME', 'eldonia_nex'),
        'USER': os.getenv('DB_USER', 'postgres'),
        'PASSWORD': os.getenv('DB_PASSWORD'),
        'HOST': os.getenv('DB_HOST', 'localhost'),
        'PORT': os.getenv('DB_PORT', '5432'),
        'CONN_MAX_AGE': int(os.getenv('DB_CONN_MAX_AGE', 600)),
        'CONN_HEALTH_CHECKS': os.getenv('DB_CONN_HEALTH_CHECKS', 'True') == 'True',
        'OPTIONS': {
            'sslmode': os.getenv('DB_SSL_MODE', 'require'),
            'connect_timeout': 10,
        } if IS_PRODUCTION else {},
    }
}

# 読み取りレプリカ設定（オプション）
if IS_PRODUCTION and os.getenv('DB_READER_HOST'):
    DATABASES['reader'] = {
        **DATABASES['default'],
        'HOST': os.getenv('DB_READER_HOST'),
    }

# settings.py
DATABASE_ROUTERS = ['common.db_router.ReaderRouter']

# settings.py
if IS_PRODUCTION:
    DATABASES['default']['OPTIONS']['sslrootcert'] = os.getenv('DB_SSL_ROOT_CERT')

# settings.py
DATABASES['default']['OPTIONS'].update({
    'connect_timeout': 10,
    'keepalives': 1,
    'keepalives_idle': 30,
    'keepalives_interval': 10,
    'keepalives_count': 5,
})
