package io.veloz.wal.ops;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A JSON writer. Not thread-safe. */
final class Json {
    private final Output out;

    /** Whether the object or array at each depth is non-empty: one bit per depth. */
    private long begun;

    private int depth;
    private boolean named;

    Json(Output out) {
        this.out = out;
    }

    Json object() {
        return open('{');
    }

    Json endObject() {
        return close('}');
    }

    Json array() {
        return open('[');
    }

    Json endArray() {
        return close(']');
    }

    private Json open(char bracket) {
        separate();
        out.character(bracket);
        depth++;
        begun &= ~(1L << depth);
        return this;
    }

    private Json close(char bracket) {
        depth--;
        out.character(bracket);
        return this;
    }

    private void separate() {
        if (!named && (begun & (1L << depth)) != 0) {
            out.character(',');
        }
        begun |= 1L << depth;
        named = false;
    }

    Json name(String name) {
        separate();
        quote(name);
        out.character(':');
        named = true;
        return this;
    }

    /** Starts a new line before the next value of an array. */
    Json newLine() {
        if ((begun & (1L << depth)) != 0) {
            out.character(',');
            begun &= ~(1L << depth);
        }
        out.character('\n');
        return this;
    }

    Json value(@Nullable String text) {
        separate();
        if (text == null) {
            out.text("null");
        } else {
            quote(text);
        }
        return this;
    }

    Json value(long number) {
        separate();
        out.number(number);
        return this;
    }

    Json value(boolean truth) {
        separate();
        out.text(truth ? "true" : "false");
        return this;
    }

    /** Writes a number. Numbers that JSON cannot represent are strings: "NaN", "Infinity", "-Infinity". */
    Json value(@Nullable Double number) {
        separate();
        if (number == null) {
            out.text("null");
        } else if (Double.isFinite(number)) {
            out.text(ShortestDecimal.of(number));
        } else {
            quote(number.toString());
        }
        return this;
    }

    /** Writes the bytes from position to limit as a string of hex digits. */
    Json hex(ByteBuffer bytes) {
        separate();
        out.character('"');
        TextFormat.writeHex(bytes, out);
        out.character('"');
        return this;
    }

    Json field(String name, @Nullable String value) {
        return name(name).value(value);
    }

    Json field(String name, long value) {
        return name(name).value(value);
    }

    Json field(String name, boolean value) {
        return name(name).value(value);
    }

    private void quote(String text) {
        out.character('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.character('\\').character(c);
            } else if (c >= 0x20 && c < 0x7F) {
                out.character(c);
            } else if (isPrintable(text, i)) {
                int point = text.codePointAt(i);
                out.text(Character.toString(point));
                i += Character.charCount(point) - 1;
            } else {
                out.text("\\u").hexByte(c >>> 8).hexByte(c & 0xFF);
            }
        }
        out.character('"');
    }

    /** Control characters are escaped, and so are lone surrogates, which represent invalid UTF-8 bytes (OrderText). */
    private static boolean isPrintable(String text, int at) {
        int type = Character.getType(text.codePointAt(at));
        return type != Character.CONTROL
                && type != Character.SURROGATE
                && type != Character.FORMAT
                && type != Character.LINE_SEPARATOR
                && type != Character.PARAGRAPH_SEPARATOR
                && type != Character.UNASSIGNED;
    }
}
