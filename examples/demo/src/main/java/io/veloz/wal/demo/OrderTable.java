package io.veloz.wal.demo;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderNew;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A table of orders in PostgreSQL, filled from the log. The last applied record is in the same database and changes in the
 * same transaction, so the log can bring an older copy of the database up to date. Not thread-safe.
 */
final class OrderTable {
    static final String DATABASE = "veloz";

    /** Query of the last record that is applied. */
    static final String APPLIED = "SELECT sequence FROM veloz_wal_applied";

    private final DemoDatabase server;

    private OrderTable(DemoDatabase server) {
        this.server = server;
    }

    /** Creates the database, its role, and the empty table. */
    static OrderTable create(DemoDatabase server) throws IOException, InterruptedException {
        server.sql("postgres", "CREATE ROLE veloz LOGIN;");
        server.sql("postgres", "CREATE DATABASE " + DATABASE + " OWNER veloz;");
        server.sql(DATABASE, """
                SET ROLE veloz;
                CREATE TABLE public.orders (sequence bigint PRIMARY KEY, id text, symbol text, quantity float8);
                CREATE TABLE public.veloz_wal_applied (sequence bigint NOT NULL);
                INSERT INTO public.veloz_wal_applied VALUES (0);""");
        return new OrderTable(server);
    }

    long applied() throws IOException, InterruptedException {
        return Long.parseLong(server.sql(DATABASE, APPLIED + ";"));
    }

    /** Applies the records after the last applied one, in one transaction. Returns the number of records. */
    long apply(Path log) throws IOException, InterruptedException {
        long applied = applied();
        long last = applied;
        StringBuilder sql = new StringBuilder("BEGIN;\nCOPY public.orders FROM STDIN;\n");
        OrderCodec codec = new OrderCodec();
        try (WalReader reader = WalReader.open(ReadOptions.of(log).fromSequence(applied + 1))) {
            while (reader.next()) {
                last = reader.sequence();
                if (codec.decode(reader.type(), reader.payload()) instanceof OrderNew order) {
                    sql.append(last).append('\t').append(escaped(order.clientOrderId()));
                    sql.append('\t').append(escaped(order.symbol()));
                    sql.append('\t').append(order.quantity()).append('\n');
                }
            }
        }
        sql.append("\\.\nUPDATE public.veloz_wal_applied SET sequence = ")
                .append(last)
                .append(";\nCOMMIT;\n");
        server.sql(DATABASE, sql.toString());
        return last - applied;
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\")
                .replace("\t", "\\t")
                .replace("\n", "\\n")
                .replace("\r", "\\r");
    }

    /** Returns the rows in the order of the records, each beginning with the sequence. */
    List<String> rows() throws IOException, InterruptedException {
        return server.sql(DATABASE, "SELECT * FROM public.orders ORDER BY sequence;")
                .lines()
                .toList();
    }
}
