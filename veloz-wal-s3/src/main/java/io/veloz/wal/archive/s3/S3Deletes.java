package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.DeletedObject;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Error;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Removes objects, up to 1,000 with one request. Any thread may use it. */
final class S3Deletes {
    private static final int MOST = 1_000;

    private final S3Client client;
    private final S3Place place;
    private final S3Errors errors;

    S3Deletes(S3Client client, S3Place place, S3Errors errors) {
        this.client = client;
        this.place = place;
        this.errors = errors;
    }

    /** Returns how many were asked for. */
    int delete(List<String> keys) throws StoreException {
        for (int from = 0; from < keys.size(); from += MOST) {
            List<String> some = keys.subList(from, Math.min(keys.size(), from + MOST));
            try {
                together(some);
            } catch (S3Exception e) {
                if (!isUnknown(e)) {
                    throw e;
                }
                // Some stores know only the plain request.
                for (String key : some) {
                    client.deleteObject(
                            request -> request.bucket(place.bucket()).key(place.prefix() + key));
                }
            }
        }
        return keys.size();
    }

    private static boolean isUnknown(S3Exception e) {
        return switch (S3Errors.code(e)) {
            case "NotImplemented", "MethodNotAllowed", "InvalidRequest", "MissingContentMD5" -> true;
            case "" -> e.statusCode() == 501 || e.statusCode() == 405;
            default -> false;
        };
    }

    private void together(List<String> keys) throws StoreException {
        List<ObjectIdentifier> objects = keys.stream()
                .distinct()
                .map(key -> ObjectIdentifier.builder().key(place.prefix() + key).build())
                .toList();
        DeleteObjectsResponse answer = client.deleteObjects(
                request -> request.bucket(place.bucket()).delete(delete -> delete.objects(objects)));
        for (S3Error error : answer.errors()) {
            if (!"NoSuchKey".equals(error.code())) {
                throw errors.told("delete " + error.key(), asException(error));
            }
        }
        Set<String> told = new HashSet<>();
        answer.deleted().stream().map(DeletedObject::key).forEach(told::add);
        answer.errors().stream().map(S3Error::key).forEach(told::add);
        for (ObjectIdentifier object : objects) {
            if (!told.contains(object.key())) {
                throw new StoreUnavailableException(
                        "delete " + object.key() + " in " + place.describe()
                                + ": the answer does not say that it is gone",
                        null);
            }
        }
    }

    private static S3Exception asException(S3Error error) {
        return (S3Exception) S3Exception.builder()
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(error.code())
                        .errorMessage(error.message())
                        .build())
                .statusCode(200)
                .build();
    }
}
