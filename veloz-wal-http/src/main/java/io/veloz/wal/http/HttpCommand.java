package io.veloz.wal.http;

/** A command that an application offers with POST. Several threads of the server may call it at the same time. */
@FunctionalInterface
public interface HttpCommand {
    /**
     * Executes the command. The server interrupts it when the time for a response has expired. An exception is logged, and
     * the client receives status 500 without its text.
     *
     * @param body the body of the request, decoded as UTF-8; at most 16 KiB
     */
    HttpReply execute(String body) throws Exception;
}
