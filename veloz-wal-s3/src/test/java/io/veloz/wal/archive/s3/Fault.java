package io.veloz.wal.archive.s3;

import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;

/**
 * What a {@link FaultProxy} does to one request. Immutable.
 *
 * @param bytes how much of a body passes before it happens
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

    /** The store is not asked; the answer is an error as S3 words it. An empty code gives an empty body. */
    public static Fault error(int status, String code, String message) {
        String body = code.isEmpty()
                ? ""
                : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code><Message>" + message
                        + "</Message><RequestId>R1</RequestId></Error>";
        return answer(status, body);
    }

    /** The store is not asked; the answer is this. */
    public static Fault answer(int status, String body) {
        return new Fault(Kind.ANSWER, 0, status, body, null, null);
    }

    /** The store is not asked; the answer is a whole object, whatever part was asked for. */
    public static Fault object(String body) {
        return new Fault(Kind.ANSWER, 0, 200, body, null, key -> true);
    }

    /** The connection is reset after so many bytes of the request's body; the store sees nothing. */
    public static Fault resetUpload(int bytes) {
        return of(Kind.RESET_UPLOAD, bytes);
    }

    /** After so many bytes of the request's body nothing is read and nothing said any more; the store sees nothing. */
    public static Fault stallUpload(int bytes) {
        return of(Kind.STALL_UPLOAD, bytes);
    }

    /** The store does what it was asked; its answer is reset after so many bytes of the body. */
    public static Fault resetDownload(int bytes) {
        return of(Kind.RESET_DOWNLOAD, bytes);
    }

    /** The store does what it was asked; its answer stands still after so many bytes of the body. */
    public static Fault stallDownload(int bytes) {
        return of(Kind.STALL_DOWNLOAD, bytes);
    }

    /** The store does what it was asked; the connection ends in order after so many bytes of the answer's body. */
    public static Fault cutDownload(int bytes) {
        return of(Kind.CUT_DOWNLOAD, bytes);
    }

    /** The store does what it was asked; then the connection is reset without an answer. */
    public static Fault unanswered() {
        return of(Kind.UNANSWERED, 0);
    }

    /** The store does what it was asked; no answer comes, ever. */
    public static Fault silent() {
        return of(Kind.SILENT, 0);
    }

    /** The request goes on to the store when the gate opens. */
    public static Fault hold(CountDownLatch gate) {
        return new Fault(Kind.HOLD, 0, 0, "", gate, null);
    }

    /** One bit of the answer's body is turned, at this byte. */
    public static Fault wrongByte(int position) {
        return of(Kind.WRONG_BYTE, position);
    }

    /** A list leaves these whole keys out. */
    public static Fault hideKeys(Predicate<String> hidden) {
        return new Fault(Kind.HIDE_KEYS, 0, 0, "", null, hidden);
    }
}
