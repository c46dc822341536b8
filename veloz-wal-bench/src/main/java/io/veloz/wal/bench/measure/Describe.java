package io.veloz.wal.bench.measure;

import io.veloz.wal.bench.log.LogKind;

/**
 * Prints what a kind of log does before it reports a record as durable: a line {@code durable TEXT}.
 *
 * <p>Argument: class of the log.
 */
public final class Describe {
    private Describe() {}

    public static void main(String[] arguments) {
        System.out.println("durable " + LogKind.load(arguments[0]).durable());
    }
}
