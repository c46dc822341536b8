package io.veloz.wal.ops;

/** What a command tells the shell. */
final class ExitCode {
    static final int OK = 0;
    /** There are findings, and nothing that was acknowledged is lost. */
    static final int WARNING = 1;
    /** The log is damaged, or the command could not do its work. */
    static final int FAILED = 2;
    /** The command line is wrong. */
    static final int USAGE = 64;

    private ExitCode() {}
}
