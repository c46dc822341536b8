package io.veloz.wal.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** Writes JSON. The text is ASCII, and can be embedded in HTML and scripts. Not thread-safe. */
final class Json {
    private final Appendable out;
    private boolean separate;

    Json(Appendable out) {
        this.out = out;
    }

    Json object() {
        return open('{');
    }

    Json endObject() {
        return close('}');
    }

    Json array(String name) {
        return name(name).open('[');
    }

    Json endArray() {
        return close(']');
    }

    Json object(String name) {
        return name(name).open('{');
    }

    Json field(String name, @Nullable String value) {
        return name(name).value(value);
    }

    Json field(String name, boolean value) {
        return name(name).raw(Boolean.toString(value));
    }

    Json field(String name, long value) {
        return name(name).raw(Long.toString(value));
    }

    /** Writes a number. JSON has no NaN and no infinity; they are strings. */
    Json field(String name, @Nullable Double value) {
        name(name);
        if (value == null) {
            return raw("null");
        }
        return Double.isFinite(value) ? raw(value.toString()) : value(value.toString());
    }

    private Json open(char bracket) {
        separate();
        write(bracket);
        separate = false;
        return this;
    }

    private Json close(char bracket) {
        write(bracket);
        separate = true;
        return this;
    }

    private Json name(String name) {
        value(name);
        write(':');
        separate = false;
        return this;
    }

    private Json raw(String text) {
        separate();
        write(text);
        separate = true;
        return this;
    }

    private Json value(@Nullable String text) {
        if (text == null) {
            return raw("null");
        }
        separate();
        write('"');
        for (int i = 0; i < text.length(); i++) {
            escaped(text.charAt(i));
        }
        write('"');
        separate = true;
        return this;
    }

    private void escaped(char c) {
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != '\'') {
            write(c);
        } else {
            write("\\u");
            for (int shift = 12; shift >= 0; shift -= 4) {
                write(Character.forDigit((c >>> shift) & 0xF, 16));
            }
        }
    }

    private void separate() {
        if (separate) {
            write(',');
        }
    }

    private void write(char c) {
        try {
            out.append(c);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(String text) {
        try {
            out.append(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
