// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;

/**
 * A file of settings. {@code PID.cfg} has lines of properties; {@code PID.json} one object of
 * settings; any other {@code .json} is a configuration resource of the OSGi Configurator: objects
 * of settings by PID. A factory configuration is named {@code PID-NAME} by its file, {@code
 * PID~NAME} in a resource and by its file too.
 *
 * @param file it
 * @param configurations settings by PID, each with one value or several
 */
record SettingsFile(Path file, Map<String, Map<String, List<String>>> configurations) {

    /** Nobody writes more settings. */
    private static final long MAX_BYTES = 1 << 20;
    private static final JsonFactory JSON =
            new JsonFactory().enable(JsonParser.Feature.ALLOW_COMMENTS)
                    .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    /** Returns whether a file has the name of one. */
    static boolean isOne(String name) {
        return name.endsWith(".cfg") || name.endsWith(".json");
    }

    /**
     * Reads it.
     *
     * @throws LabException if it cannot be read, or is of neither form
     */
    static SettingsFile read(Path file) throws LabException {
        String name = file.getFileName().toString();
        String pid = name.substring(0, name.lastIndexOf('.'));
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new LabException(file + ": longer than " + MAX_BYTES + " bytes");
            }
            String text = Files.readString(file);
            return new SettingsFile(file, name.endsWith(".json") ? json(pid, text)
                    : Map.of(pid, properties(text)));
        } catch (CharacterCodingException e) {
            throw new LabException(file + ": not a text in UTF-8", e);
        } catch (JacksonException e) {
            throw new LabException(file + ", line " + e.getLocation().getLineNr() + ": "
                    + e.getOriginalMessage().replaceFirst(" \\(start marker .*", ""), e);
        } catch (IOException e) {
            throw new LabException(file + ": cannot be read: " + e, e);
        } catch (IllegalArgumentException e) {
            throw new LabException(file + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, List<String>> properties(String text) throws IOException {
        var properties = new Properties();
        properties.load(new StringReader(text));
        return properties.stringPropertyNames().stream().collect(Collectors.toMap(key -> key,
                key -> List.of(properties.getProperty(key)), (a, b) -> a, TreeMap::new));
    }

    private static Map<String, Map<String, List<String>>> json(String pid, String text)
            throws IOException, LabException {
        var settings = new LinkedHashMap<String, List<String>>();
        var resource = new LinkedHashMap<String, Map<String, List<String>>>();
        try (JsonParser json = JSON.createParser(text)) {
            expect(json.nextToken() == JsonToken.START_OBJECT, json, "an object");
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                if (json.nextToken() == JsonToken.START_OBJECT) {
                    resource.put(key, settings(json));
                } else if (key.startsWith(":")) {
                    json.skipChildren(); // of the Configurator, such as the version
                } else {
                    settings.put(key, values(json));
                }
            }
            expect(json.nextToken() == null, json, "the end");
        }
        if (!resource.isEmpty() && !settings.isEmpty()) {
            throw new IllegalArgumentException("objects and values beside each other, expected"
                    + " settings, or objects of settings by PID");
        }
        return resource.isEmpty() ? Map.of(pid, settings) : resource;
    }

    private static Map<String, List<String>> settings(JsonParser json) throws IOException {
        var settings = new LinkedHashMap<String, List<String>>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = json.currentName();
            json.nextToken();
            List<String> values = values(json);
            if (!key.startsWith(":")) {
                // a type may follow the name, as in "resetMillis:Integer": metatype has it
                settings.put(key.replaceFirst(":.*", ""), values);
            }
        }
        return settings;
    }

    private static List<String> values(JsonParser json) throws IOException {
        if (json.currentToken() != JsonToken.START_ARRAY) {
            expect(isValue(json), json, "a text, number, true or false, or a list");
            return List.of(json.getText());
        }
        var values = new ArrayList<String>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            expect(isValue(json), json, "a text, number, true or false");
            values.add(json.getText());
        }
        return values;
    }

    private static boolean isValue(JsonParser json) {
        return json.currentToken().isScalarValue()
                && json.currentToken() != JsonToken.VALUE_NULL;
    }

    private static void expect(boolean isSo, JsonParser json, String expected) {
        if (!isSo) {
            throw new IllegalArgumentException("line " + json.currentLocation().getLineNr()
                    + ": found " + (json.currentToken() == null ? "the end" : json.currentToken()
                            .name().toLowerCase(Locale.ROOT).replace('_', ' ')) + ", expected " + expected);
        }
    }
}
