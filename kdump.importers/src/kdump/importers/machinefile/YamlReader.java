// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import iommu.api.machine.FormatException;
import java.io.IOException;
import org.yaml.snakeyaml.LoaderOptions;

/** Reads YAML into nodes; aliases, which can make a small file huge, are refused. */
final class YamlReader {

    /** Machines have buses behind buses: deeper than any is described. */
    private static final int MOST_DEPTH = 30;

    private final String file;
    private final byte[] yaml;

    YamlReader(String file, byte[] yaml) {
        this.file = file;
        this.yaml = yaml;
    }

    Node read() throws FormatException {
        var limits = new LoaderOptions();
        limits.setCodePointLimit(MachineFileImporter.MOST_BYTES);
        try (YAMLParser in = YAMLFactory.builder().loaderOptions(limits).build()
                .createParser(yaml)) {
            if (in.nextToken() == null) {
                throw new FormatException(file, 0, "document", "nothing", "a machine");
            }
            Node root = value(in, place(in, "document"), "document", "", 0);
            if (in.nextToken() != null) {
                throw place(in, "document").wrong("a second document", "one machine");
            }
            return root;
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String[] lines = e.getOriginalMessage().split("\n", 2);
            throw new Place(file, "YAML", at == null ? 0 : at.getLineNr(),
                    at == null ? 0 : at.getColumnNr()).wrong(lines[0], "YAML");
        } catch (FormatException e) {
            throw e;
        } catch (IOException e) {
            throw new FormatException(file, 0, "document", String.valueOf(e.getMessage()), "YAML");
        }
    }

    private Place place(YAMLParser in, String path) {
        JsonLocation at = in.currentTokenLocation();
        return new Place(file, path, at.getLineNr(), at.getColumnNr());
    }

    private Node value(YAMLParser in, Place key, String name, String path, int depth)
            throws IOException {
        Place place = place(in, path.isEmpty() ? "document" : path);
        if (in.isCurrentAlias() || depth > MOST_DEPTH) {
            throw place.wrong(depth > MOST_DEPTH ? "members in members" : "an alias",
                    "a plain value");
        }
        JsonToken token = in.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Node map = Node.map(place, key, name);
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String member = in.currentName();
                String below = path.isEmpty() ? member : path + "." + member;
                Place at = place(in, below);
                in.nextToken();
                if (map.members().put(member, value(in, at, member, below, depth + 1)) != null) {
                    throw at.wrong("twice", "once");
                }
            }
            return map;
        }
        if (token == JsonToken.START_ARRAY) {
            Node list = Node.list(place, key, name);
            while (in.nextToken() != JsonToken.END_ARRAY) {
                String below = path + "[" + list.items().size() + "]";
                list.items().add(value(in, place(in, below), name, below, depth + 1));
            }
            return list;
        }
        return Node.text(place, key, name, in.getText());
    }
}
