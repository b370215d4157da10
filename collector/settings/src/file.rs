//! The bytes of a settings file as text, whatever editor wrote them.

use crate::SettingsError;
use std::io::Read;
use std::path::Path;

pub fn read(path: &Path) -> Result<String, SettingsError> {
    let place = path.display().to_string();
    let unreadable =
        |what: String| SettingsError::new(&place, format!("{what}; give the path of a readable TOML file to --config"));
    let bytes = bounded(path).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LONGEST {
        return Err(unreadable(format!("longer than {LONGEST} bytes")));
    }
    text(&place, bytes)
}

/// No settings are longer, bytes; `/dev/zero` never ends.
const LONGEST: u64 = 4 << 20;

/// One byte more than [`LONGEST`] at most.
fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A byte order mark is no part of the text. An encoding other than UTF-8 is named.
pub fn text(place: &str, bytes: Vec<u8>) -> Result<String, SettingsError> {
    if let Some(encoding) = foreign_encoding(&bytes) {
        return Err(SettingsError::new(place, format!("the file is {encoding}; save it as UTF-8")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        let what = format!("byte 0x{:02x} is not UTF-8; save the file as UTF-8", error.as_bytes()[at]);
        SettingsError::new(&format!("{place}:{line}"), what)
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// By its byte order mark, or by the zero bytes that Latin letters have in UTF-16 and UTF-32.
fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some("UTF-16"),
        _ => {}
    }
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    match zeros {
        0 => None,
        _ if zeros * 3 < bytes.len() => Some("binary: it holds zero bytes"),
        _ if zeros * 8 < bytes.len() * 5 => Some("UTF-16"),
        _ => Some("UTF-32"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<String, String> {
        text("weft.toml", bytes.to_vec()).map_err(|error| error.to_string())
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn a_byte_order_mark_is_left_off_and_line_ends_are_kept() {
        assert_eq!(check(b"\xef\xbb\xbf[http]\r\n").unwrap(), "[http]\r\n");
        assert_eq!(check("# für alle\n".as_bytes()).unwrap(), "# für alle\n");
        assert_eq!(check(b"").unwrap(), "");
    }

    #[test]
    fn what_cannot_be_settings_is_refused_by_name() {
        for (path, what) in [("/dev/zero", "longer than"), ("/", "directory"), ("/nope/weft.toml", "No such file")] {
            let error = read(Path::new(path)).unwrap_err().to_string();
            assert!(error.starts_with(path) && error.contains(what) && error.contains("--config"), "{error}");
        }
    }

    #[test]
    fn another_encoding_is_named() {
        let text = "[http]\nlisten = \"127.0.0.1:0\"\n";
        let marked = format!("\u{feff}{text}");
        for bytes in [
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
            utf16(&marked, u16::to_le_bytes),
            utf16(&marked, u16::to_be_bytes),
        ] {
            assert_eq!(check(&bytes).unwrap_err(), "weft.toml: the file is UTF-16; save it as UTF-8");
        }
        for bytes in [u32::to_le_bytes, u32::to_be_bytes] {
            for text in [text, &marked] {
                let bytes: Vec<u8> = text.chars().flat_map(|c| bytes(c as u32)).collect();
                assert_eq!(check(&bytes).unwrap_err(), "weft.toml: the file is UTF-32; save it as UTF-8");
            }
        }
        let latin1 = check(b"[http]\n# f\xfcr alle\n").unwrap_err();
        assert_eq!(latin1, "weft.toml:2: byte 0xfc is not UTF-8; save the file as UTF-8");
    }
}
