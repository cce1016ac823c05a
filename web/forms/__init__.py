"""Forms made from marshmallow schemas: a plugin that brings a schema has a form."""
