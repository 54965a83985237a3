// SPDX-License-Identifier: Apache-2.0
package kdump.importers.registers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import iommu.api.machine.FormatException;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads {@code {"base": "0x...", "dwords": {"0x0": "0x...", ...}}}. Other keys are passed over; a
 * value of another type than this is refused.
 */
final class RegisterJson {

    /** End of the largest register space of a unit: IOTLB and fault registers lie below 20 KiB. */
    private static final int MAX_OFFSET = 1 << 16;

    private final String file;
    private final byte[] json;
    private Long base;
    private Map<Integer, Integer> words;

    RegisterJson(String file, byte[] json) {
        this.file = file;
        this.json = json;
    }

    RegisterWords read() throws FormatException {
        try (JsonParser in = new JsonFactory().createParser(json)) {
            expect(in, in.nextToken(), JsonToken.START_OBJECT, "document");
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                readMember(in, in.currentName());
            }
            if (in.nextToken() != null) {
                throw wrong(in, "document", in.getText(), "nothing after its end");
            }
        } catch (FormatException e) {
            throw e;
        } catch (IOException e) {
            throw notJson(e);
        }
        if (base == null || words == null) {
            throw new FormatException(file, json.length, base == null ? "base" : "dwords",
                    "nothing", "a member of that name");
        }
        return new RegisterWords(file, base, words);
    }

    private void readMember(JsonParser in, String key) throws IOException {
        JsonToken value = in.nextToken();
        switch (key) {
            case "base" -> {
                expect(in, value, JsonToken.VALUE_STRING, key);
                once(in, base, key);
                base = hex(in, key, in.getText(), 16);
            }
            case "dwords" -> {
                expect(in, value, JsonToken.START_OBJECT, key);
                once(in, words, key);
                words = new TreeMap<>();
                readWords(in);
            }
            default -> in.skipChildren();
        }
    }

    private void readWords(JsonParser in) throws IOException {
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String key = in.currentName();
            long offset = hex(in, "dwords, offset", key, 8);
            if (offset % 4 != 0 || offset >= MAX_OFFSET) {
                throw wrong(in, "dwords, offset", key, "a multiple of 4 below 0x10000");
            }
            expect(in, in.nextToken(), JsonToken.VALUE_STRING, "dwords." + key);
            int word = (int) hex(in, "dwords." + key, in.getText(), 8);
            once(in, words.put((int) offset, word), "dwords." + key);
        }
    }

    private void once(JsonParser in, Object before, String key) throws FormatException {
        if (before != null) {
            throw wrong(in, key, "a second one", "each key once");
        }
    }

    private void expect(JsonParser in, JsonToken found, JsonToken expected, String field)
            throws FormatException {
        if (found != expected) {
            throw wrong(in, field, found == null ? "end of the file" : found.name(),
                    expected.name());
        }
    }

    private long hex(JsonParser in, String field, String text, int digits) throws FormatException {
        if (!text.matches("0x[0-9a-fA-F]{1," + digits + "}")) {
            throw wrong(in, field, text, "0x and at most " + digits + " hex digits");
        }
        return Long.parseUnsignedLong(text.substring(2), 16);
    }

    private FormatException wrong(JsonParser in, String field, String found, String expected) {
        return new FormatException(file, in.currentTokenLocation().getByteOffset(), field, found,
                expected);
    }

    private FormatException notJson(IOException cause) {
        boolean located = cause instanceof JsonProcessingException;
        var location = located ? ((JsonProcessingException) cause).getLocation() : null;
        var wrong = new FormatException(file, location == null ? 0 : location.getByteOffset(),
                "JSON", located ? ((JsonProcessingException) cause).getOriginalMessage()
                        : String.valueOf(cause.getMessage()), "a JSON document");
        wrong.initCause(cause);
        return wrong;
    }
}
