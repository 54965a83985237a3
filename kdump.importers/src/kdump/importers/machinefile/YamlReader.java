// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import iommu.api.machine.FormatException;
import java.io.IOException;

/** Reads YAML into nodes; aliases, which can make a small file huge, are refused. */
final class YamlReader {

    /** Deeper than any machine is described. */
    private static final int MOST_DEPTH = 12;

    private final String file;
    private final byte[] yaml;

    YamlReader(String file, byte[] yaml) {
        this.file = file;
        this.yaml = yaml;
    }

    Node read() throws FormatException {
        try (YAMLParser in = new YAMLFactory().createParser(yaml)) {
            if (in.nextToken() == null) {
                throw new FormatException(file, 0, "document", "nothing", "a machine");
            }
            return value(in, "document", 0);
        } catch (JsonProcessingException e) {
            long at = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            String[] lines = e.getOriginalMessage().split("\n", 2);
            throw new FormatException(file, at, "line " + at, lines[0], "YAML");
        } catch (FormatException e) {
            throw e;
        } catch (IOException e) {
            throw new FormatException(file, 0, "document", String.valueOf(e.getMessage()), "YAML");
        }
    }

    private Node value(YAMLParser in, String name, int depth) throws IOException {
        int line = in.currentTokenLocation().getLineNr();
        if (in.isCurrentAlias() || depth > MOST_DEPTH) {
            throw new FormatException(file, line, "line " + line + ", " + name,
                    depth > MOST_DEPTH ? "members in members" : "an alias", "a plain value");
        }
        JsonToken token = in.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Node map = Node.map(file, line, name);
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String key = in.currentName();
                in.nextToken();
                if (map.members().put(key, value(in, key, depth + 1)) != null) {
                    throw new FormatException(file, line, "line " + line + ", " + key, "twice",
                            "once");
                }
            }
            return map;
        }
        if (token == JsonToken.START_ARRAY) {
            Node list = Node.list(file, line, name);
            while (in.nextToken() != JsonToken.END_ARRAY) {
                list.items().add(value(in, name, depth + 1));
            }
            return list;
        }
        return Node.text(file, line, name, in.getText());
    }
}
