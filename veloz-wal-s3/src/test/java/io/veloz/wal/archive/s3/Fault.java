package io.veloz.wal.archive.s3;

import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;

/**
 * The fault of a {@link FaultProxy} in one request. Immutable.
 *
 * @param bytes number of body bytes that pass before the fault
 */
public record Fault(Kind kind, int bytes, int status, String text, CountDownLatch gate, Predicate<String> hidden) {
    public enum Kind {
        NONE,
        ANSWER,
        RESET_UPLOAD,
        STALL_UPLOAD,
        RESET_DOWNLOAD,
        STALL_DOWNLOAD,
        CUT_DOWNLOAD,
        UNANSWERED,
        SILENT,
        HOLD,
        WRONG_BYTE,
        HIDE_KEYS
    }

    private static Fault of(Kind kind, int bytes) {
        return new Fault(kind, bytes, 0, "", null, null);
    }

    public static Fault none() {
        return of(Kind.NONE, 0);
    }

    /** The store receives nothing. The response is an error in the format of S3; an empty code gives an empty body. */
    public static Fault error(int status, String code, String message) {
        String body = code.isEmpty()
                ? ""
                : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code><Message>" + message
                        + "</Message><RequestId>R1</RequestId></Error>";
        return answer(status, body);
    }

    /** The store receives nothing. The response has the given status and body. */
    public static Fault answer(int status, String body) {
        return new Fault(Kind.ANSWER, 0, status, body, null, null);
    }

    /** The store receives nothing. The response is a whole object, whichever range was requested. */
    public static Fault object(String body) {
        return new Fault(Kind.ANSWER, 0, 200, body, null, key -> true);
    }

    /** The connection is reset after a number of bytes of the request body. The store receives nothing. */
    public static Fault resetUpload(int bytes) {
        return of(Kind.RESET_UPLOAD, bytes);
    }

    /** The proxy stops reading after a number of bytes of the request body. The store receives nothing. */
    public static Fault stallUpload(int bytes) {
        return of(Kind.STALL_UPLOAD, bytes);
    }

    /** The store executes the request. The connection is reset after a number of bytes of the response body. */
    public static Fault resetDownload(int bytes) {
        return of(Kind.RESET_DOWNLOAD, bytes);
    }

    /** The store executes the request. The response stalls after a number of bytes of its body. */
    public static Fault stallDownload(int bytes) {
        return of(Kind.STALL_DOWNLOAD, bytes);
    }

    /** The store executes the request. The connection is closed after a number of bytes of the response body. */
    public static Fault cutDownload(int bytes) {
        return of(Kind.CUT_DOWNLOAD, bytes);
    }

    /** The store executes the request. The connection is reset without a response. */
    public static Fault unanswered() {
        return of(Kind.UNANSWERED, 0);
    }

    /** The store executes the request. The response never arrives. */
    public static Fault silent() {
        return of(Kind.SILENT, 0);
    }

    /** The request is forwarded to the store when the gate opens. */
    public static Fault hold(CountDownLatch gate) {
        return new Fault(Kind.HOLD, 0, 0, "", gate, null);
    }

    /** One bit of the response body is flipped, in the given byte. */
    public static Fault wrongByte(int position) {
        return of(Kind.WRONG_BYTE, position);
    }

    /** A list does not contain these complete keys. */
    public static Fault hideKeys(Predicate<String> hidden) {
        return new Fault(Kind.HIDE_KEYS, 0, 0, "", null, hidden);
    }
}
