package io.veloz.wal.backup.internal.postgres;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.veloz.wal.backup.internal.postgres.PostgresException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A session of PostgreSQL in a running {@code psql}, which authenticates as {@code pg_dump} does: by password file, service
 * file, or {@code peer} on the Unix socket. It belongs to one thread.
 *
 * <p>Each row is one line of JSON, in which a line feed is escaped, so no content of a table looks like the end of an answer.
 * The end is a line with a random word, printed by {@code \echo} after the statement. An error ends {@code psql}
 * ({@code ON_ERROR_STOP}), and with it the session and its transaction.
 */
final class PsqlSession implements Closeable {
    static final Duration ANSWER_LIMIT = Duration.ofSeconds(90);
    private static final Duration SESSION_LIMIT = Duration.ofHours(24);
    private static final int LINE_BYTES = 1 << 20;
    private static final int ROWS = 100_000;
    private static final JsonFactory JSON = new JsonFactory();

    /** A callback before and after each statement that changes something; an exception from it ends the session. */
    interface Hook {
        Hook NONE = (statement, done) -> {};

        void at(String statement, boolean done);
    }

    private final ChildProcess child;
    private final Hook hook;
    private final String where;
    private final String sentinel = "end-" + UUID.randomUUID();
    private final BlockingQueue<Optional<String>> lines = new ArrayBlockingQueue<>(1_024);
    private final Thread reader;

    private PsqlSession(ChildProcess child, Hook hook, String where) {
        this.child = child;
        this.hook = hook;
        this.where = where;
        this.reader = new Thread(this::read, "veloz-backup-psql-rows");
        reader.setDaemon(true);
        reader.start();
    }

    static PsqlSession open(PostgresClient client, String database) throws IOException {
        return open(client, database, Hook.NONE);
    }

    /** Connects. Settings of the role that limit time do not apply to the session. */
    static PsqlSession open(PostgresClient client, String database, Hook hook) throws IOException {
        List<String> arguments = List.of(
                "--no-psqlrc",
                "--no-password",
                "--quiet",
                "--no-align",
                "--tuples-only",
                "--set=ON_ERROR_STOP=1",
                "--set=VERBOSITY=verbose");
        ChildProcess child = client.connect(SESSION_LIMIT, "psql", database, arguments);
        PsqlSession session = new PsqlSession(child, hook, client.where() + ", database " + Sql.identifier(database));
        boolean opened = false;
        try {
            session.run(
                    "SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '30s'; SET statement_timeout = '60s';"
                            + " SET client_min_messages = warning; SET default_transaction_read_only = off");
            opened = true;
            return session;
        } finally {
            if (!opened) {
                session.close();
            }
        }
    }

    long pid() {
        return child.pid();
    }

    /** Runs a statement that changes something. */
    void execute(String sql) throws IOException {
        execute(sql, ANSWER_LIMIT);
    }

    void execute(String sql, Duration limit) throws IOException {
        hook.at(sql, false);
        answer(sql + ";\n", limit);
        hook.at(sql, true);
    }

    /** Runs statements that return nothing of interest. */
    void run(String sql) throws IOException {
        answer(sql + ";\n", ANSWER_LIMIT);
    }

    /** Returns the rows of a query. */
    List<Row> query(String sql) throws IOException {
        return query(sql, ANSWER_LIMIT);
    }

    List<Row> query(String sql, Duration limit) throws IOException {
        List<Row> rows = new ArrayList<>();
        // The line feed ends a comment at the end of the query.
        for (String line : answer("SELECT pg_catalog.row_to_json(t) FROM (\n" + sql + "\n) t;\n", limit)) {
            rows.add(new Row(parse(line)));
        }
        return rows;
    }

    /** Returns the only row of a query. */
    Row row(String sql) throws IOException {
        return row(sql, ANSWER_LIMIT);
    }

    Row row(String sql, Duration limit) throws IOException {
        List<Row> rows = query(sql, limit);
        if (rows.size() != 1) {
            throw new PostgresException(Kind.SETTING, "a query returned " + rows.size() + " rows; expected one");
        }
        return rows.get(0);
    }

    private List<String> answer(String sql, Duration limit) throws IOException {
        try {
            OutputStream in = child.in();
            in.write((sql + "\\echo " + sentinel + "\n").getBytes(StandardCharsets.UTF_8));
            in.flush();
        } catch (IOException e) {
            throw failure();
        }
        List<String> answer = new ArrayList<>();
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            Optional<String> line = take(limit, end);
            if (line.isEmpty()) {
                throw failure();
            }
            if (line.get().equals(sentinel)) {
                return answer;
            }
            if (answer.size() == ROWS) {
                throw new PostgresException(Kind.SETTING, where + ": a query returned more than " + ROWS + " rows");
            }
            if (!line.get().isEmpty()) {
                answer.add(line.get());
            }
        }
    }

    private Optional<String> take(Duration limit, long end) throws IOException {
        try {
            Optional<String> line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line != null) {
                return line;
            }
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + where + " ran a statement");
        }
        close();
        throw new PostgresException(Kind.AWAY, where + " did not answer within " + limit.toSeconds() + " s");
    }

    private IOException failure() throws IOException {
        int code = child.waitFor();
        String state = child.errors().state();
        String message = where + ": " + child.errors().text();
        if (code == 2 && state.isEmpty()) {
            return PostgresException.ofConnection(message);
        }
        return PostgresException.ofState(state, message);
    }

    private void read() {
        try (InputStream out = child.out()) {
            byte[] buffer = new byte[8_192];
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int count = out.read(buffer); count >= 0; count = out.read(buffer)) {
                for (int i = 0; i < count; i++) {
                    if (buffer[i] == '\n') {
                        lines.put(Optional.of(line.toString(StandardCharsets.UTF_8)));
                        line.reset();
                    } else if (line.size() < LINE_BYTES) {
                        // A longer line is cut; then it is not valid JSON, and refused as such.
                        line.write(buffer[i]);
                    }
                }
            }
            lines.put(Optional.empty());
        } catch (IOException e) {
            lines.clear();
            lines.offer(Optional.empty());
        } catch (InterruptedException e) {
            // The session is closed: no further row is wanted.
            lines.clear();
        }
    }

    private Map<String, Object> parse(String line) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        try (JsonParser json = JSON.createParser(line)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("not an object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                Object value = value(json);
                if (fields.containsKey(name)) {
                    throw new PostgresException(Kind.SETTING, where + ": a query returned two columns " + name);
                }
                fields.put(name, value);
            }
            return fields;
        } catch (PostgresException e) {
            throw e;
        } catch (IOException e) {
            throw new PostgresException(Kind.SETTING, where + ": a query returned a row that is not valid JSON");
        }
    }

    private static Object value(JsonParser json) throws IOException {
        return switch (json.currentToken()) {
            case VALUE_NUMBER_INT -> json.getLongValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> Row.NULL;
            case START_ARRAY -> texts(json);
            default -> json.getText();
        };
    }

    private static List<String> texts(JsonParser json) throws IOException {
        List<String> texts = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            texts.add(json.getText());
        }
        return texts;
    }

    /** A row of an answer. */
    record Row(Map<String, Object> fields) {
        private static final Object NULL = new Object();

        String text(String name) throws PostgresException {
            return typed(name, String.class);
        }

        long number(String name) throws PostgresException {
            return typed(name, Long.class);
        }

        boolean flag(String name) throws PostgresException {
            return typed(name, Boolean.class);
        }

        List<String> texts(String name) throws PostgresException {
            List<String> texts = new ArrayList<>();
            for (Object text : typed(name, List.class)) {
                texts.add((String) text);
            }
            return texts;
        }

        private <T> T typed(String name, Class<T> type) throws PostgresException {
            @Nullable Object value = fields.get(name);
            if (!type.isInstance(value)) {
                throw new PostgresException(
                        Kind.SETTING,
                        "the column " + name + " of an answer is "
                                + (value == null || value == NULL
                                        ? "NULL"
                                        : "a " + value.getClass().getSimpleName())
                                + "; expected a " + type.getSimpleName());
            }
            return type.cast(value);
        }
    }

    /** Ends the session. The server rolls back an open transaction. */
    @Override
    public void close() {
        reader.interrupt();
        child.close();
    }
}
