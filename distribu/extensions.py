"""The shared instances: database, sign-in, limits, queue, image store, decoding sandbox."""

from typing import TYPE_CHECKING, cast

from flask import current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from werkzeug.local import LocalProxy

from .database import Base
from .images.decoding.sandbox import Sandbox
from .images.stores.contract import ImageStore
from .task_queue import Queue

db = SQLAlchemy(model_class=Base)
if TYPE_CHECKING:
    # Type checkers do not accept an instance's attribute as a base class.
    Model = Base
else:
    Model = db.Model
migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
limiter = Limiter(get_remote_address)
queue = Queue()


# Cast each proxy to the type that it stands for.
store = cast(ImageStore, LocalProxy(lambda: current_app.extensions["image_store"]))
sandbox = cast(Sandbox, LocalProxy(lambda: current_app.extensions["image_sandbox"]))
