//  injection_list: names as an attacker, or a tired operator, would write them.
//
//  Used as host names and as instance names: by the tests of hostname and escape, and by every
//  test that passes names on (requests, log lines, arguments of a command).

#ifndef MAYHEM_INJECTION_LIST_H
#define MAYHEM_INJECTION_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *text; //  The name; may hold NUL bytes
    size_t length;    //  Bytes in it
    bool is_host;     //  It is a valid host name
} injection_t;

#define NO(text)                                                                                   \
    {                                                                                              \
        text, sizeof (text) - 1, false                                                             \
    }
#define OK(text)                                                                                   \
    {                                                                                              \
        text, sizeof (text) - 1, true                                                              \
    }

//  Labels at the limit of 63 characters and one past it; 61 makes a name of 253.
#define L31 "abcdefghijklmnopqrstuvwxyz01234"
#define L63 L31 "-" L31
#define L64 L31 "--" L31
#define L61 L31 L30
#define L30 "abcdefghijklmnopqrstuvwxyz0123"

static const injection_t injections[] = {
    //  Names, the odd ones too
    OK ("a"), OK ("A"), OK ("0"), OK ("localhost"), OK ("WEB-01"), OK ("a-b"), OK ("a--b"),
    OK ("cattle-gw75"), OK ("cattle-gw75.example.net"), OK ("EXAMPLE.Com"), OK ("3com.com"),
    OK ("1and1.com"), OK ("xn--bcher-kva.example"), OK ("xn--p1ai"), OK ("xn--nxasmq6b"),
    OK ("a.b.c.d.e.f.g.h"), OK ("a1-b2.c3-d4"), OK ("123"), OK ("127.0.0.1"), OK ("0x7f.1"),
    OK ("0x7f000001"), OK ("2130706433"), OK ("999.999.999.999"), OK ("metadata.internal"),
    OK ("root"), OK ("reboot"), OK ("id"), OK ("null"), OK ("NaN"), OK ("true"), OK ("con"),
    OK ("nul.txt"), OK ("etc.passwd"), OK ("run.sh"), OK ("0e1"), OK (L63), OK (L63 "." L63),
    OK (L63 "." L63 "." L63 "." L61),
    //  Lengths, dots and dashes
    NO (""), NO (L64), NO ("a." L64), NO (L64 ".a"), NO (L63 "." L63 "." L63 "." L61 "a"),
    NO (L63 "." L63 "." L63 "." L63 "." L63 "." L63), NO ("."), NO (".."), NO ("..."), NO (".a"),
    NO ("a."), NO ("a.b."), NO ("a..b"), NO ("-"), NO ("--"), NO ("-a"), NO ("a-"), NO ("a-.b"),
    NO ("a.-b"), NO ("-.-"), NO ("a.b-"), NO ("a_b"), NO ("_dmarc.example"), NO ("a:80"),
    NO ("user@host"), NO ("[::1]"), NO ("::1"), NO ("fe80::1%eth0"), NO ("10.0.0.0/8"), NO ("*"),
    NO ("*.example"), NO ("a*"), NO ("a?"), NO ("[a-z]"), NO ("{a,b}"), NO ("~"), NO ("~root"),
    NO ("a b"), NO (" a"), NO ("a "), NO (" "), NO ("a,b"), NO ("a=b"), NO ("a+b"),
    //  The shell
    NO ("a;reboot"), NO (";id"), NO ("a;rm -rf /"), NO ("a|id"), NO ("a||id"), NO ("a&id"),
    NO ("a&&id"), NO ("$(id)"), NO ("a$(reboot)b"), NO ("`id`"), NO ("a`reboot`"), NO ("${IFS}id"),
    NO ("$HOME"), NO ("$0"), NO ("$$"), NO ("$((1+1))"), NO ("a>b"), NO ("a>>/etc/passwd"),
    NO ("a</etc/shadow"), NO ("<(id)"), NO (">(id)"), NO ("a#b"), NO ("#"), NO ("!reboot"),
    NO ("!!"), NO ("(id)"), NO ("{id;}"), NO ("'"), NO ("\""), NO ("a'b"), NO ("a\"b"),
    NO ("';id;'"), NO ("\";id;\""), NO ("'$(id)'"), NO ("\\"), NO ("a\\"), NO ("a\\nb"),
    NO ("a\\;id"), NO ("\\x41"), NO ("a\nid"), NO ("a\rid"), NO ("a\r\nid"), NO ("a\tid"),
    NO ("() { :;}; id"), NO (":(){ :|:& };:"), NO ("a%0aid"), NO ("a^b"), NO ("%COMSPEC%"),
    NO ("$'\\n'id"), NO ("a;{sleep,9}"), NO ("a\n\nreboot\n"), NO ("&"), NO ("|"), NO (";"),
    //  Options of a command
    NO ("-h"), NO ("--help"), NO ("-rf"), NO ("--%"), NO ("-oProxyCommand=id"), NO ("-o-"),
    NO ("--output=/etc/passwd"), NO ("-e/bin/sh"), NO ("--exec=id"), NO ("-1"), NO ("+x"),
    NO ("@/etc/passwd"), NO ("-F/dev/stdin"), NO ("-\n"), NO ("--\0-a"), NO ("-A.example"),
    //  Paths
    NO ("../a"), NO ("../../etc/passwd"), NO ("/"), NO ("/etc/passwd"), NO ("a/b"), NO ("a/../b"),
    NO ("./a"), NO ("..\\..\\a"), NO ("C:\\a"), NO ("\\\\a\\b"), NO ("//a/b"), NO ("file:///a"),
    NO ("..%2fa"), NO ("%2e%2e/a"), NO ("..;/a"), NO ("/dev/sda"), NO ("/proc/self/mem"),
    NO ("a/."), NO ("a/"), NO ("..\0/a"), NO ("....//a"), NO ("..%c0%afa"), NO ("..\xC0\xAFx"),
    //  Other languages: formats, placeholders, queries, templates, links
    NO ("%s"), NO ("%n"), NO ("%s%s%n"), NO ("%99999d"), NO ("%p.%p"), NO ("%%"), NO ("{}"),
    NO ("{host}"), NO ("{instance}"), NO ("{id}{delivery}"), NO ("{{7*7}}"), NO ("${7*7}"),
    NO ("<%= 1 %>"), NO ("#{1}"), NO ("${jndi:ldap://a/b}"), NO ("' OR '1'='1"), NO ("a' --"),
    NO ("'); DROP TABLE restarts;--"), NO ("a\" OR \"\"=\""), NO ("1;SELECT 1"), NO ("a/*b*/"),
    NO ("<script>alert(1)</script>"), NO ("<img src=x>"), NO ("&lt;"), NO ("&#10;"),
    NO ("http://a"), NO ("tcp://a:1"), NO ("ipc://@a"), NO ("a?b=c&d"), NO ("\",\"x\":\"y"),
    NO ("\"}\n{\"instance_name\":\"b"), NO ("\\u0000"), NO ("\\u202e"), NO ("=1+1"), NO ("@SUM(1)"),
    //  Control characters, and log lines that were never written
    NO ("\0"), NO ("a\0"), NO ("a\0b"), NO ("a\0.example"), NO ("\0\0\0"), NO ("\n"), NO ("a\n"),
    NO ("\na"), NO ("\r"), NO ("a\rINFO all is well"), NO ("a\nINFO Done. Acked b"), NO ("\t"),
    NO ("\v"), NO ("\f"), NO ("\a"), NO ("a\b\b\bb"), NO ("\x01"), NO ("\x1B"), NO ("\x1B[2J"),
    NO ("\x1B[31mred\x1B[0m"), NO ("\x1B]0;title\a"), NO ("\x1B]8;;http://a\x1B\\a"), NO ("\x7F"),
    NO ("\x1B[1A\x1B[2Kgone"), NO ("\x1BP$q\x1B\\"), NO ("\x1F"), NO ("a\x04"), NO ("a\x1A"),
    NO ("\xC2\x80"), NO ("\xC2\x85"), NO ("\xC2\x9Bm"), NO ("\xC2\x9F"), NO ("\xC2\x9D;title"),
    //  Unicode that hides, turns or looks like something else
    NO ("\xE2\x80\xAEgro.elpmaxe"), NO ("\xE2\x80\xAAx"), NO ("\xE2\x80\xABx"), NO ("\xE2\x80\xAC"),
    NO ("\xE2\x80\xADx"), NO ("a\xE2\x81\xA6x"), NO ("\xE2\x81\xA7"), NO ("\xE2\x81\xA8"),
    NO ("\xE2\x81\xA9"), NO ("a\xE2\x80\x8E"), NO ("a\xE2\x80\x8F"), NO ("a\xE2\x80\xA8x"),
    NO ("a\xE2\x80\xA9x"), NO ("\xEF\xBB\xBFx"), NO ("\xD8\x9C"), NO ("a\xE2\x80\x8Bx"),
    NO ("a\xE2\x80\x8Dx"), NO ("a\xC2\xA0x"), NO ("a\xC2\xADx"), NO ("k\xC3\xBChn.example"),
    NO ("\xD0\xB0pp"), NO ("\xCE\xB1.example"), NO ("\xE4\xBE\x8B\xE3\x81\x88"),
    NO ("a\xE3\x80\x82x"), NO ("a\xEF\xBC\x8Ex"), NO ("\xEF\xBC\x8Dh"), NO ("\xEF\xBD\x81"),
    NO ("e\xCC\x81"), NO ("\xF0\x9F\x92\xA9"), NO ("\xF0\x9D\x90\x9A"), NO ("a\xE2\x88\x95x"),
    NO ("a\xEF\xBC\x9Breboot"), NO ("\xC7\x86"),
    //  Not UTF-8: overlong, surrogates, too large, cut off
    NO ("\xC0\x80"), NO ("\xC0\xAE\xC0\xAE"), NO ("\xC1\xBF"), NO ("\xE0\x80\xAF"),
    NO ("\xE0\x9F\xBF"), NO ("\xF0\x80\x80\xAF"), NO ("\xF0\x8F\xBF\xBF"), NO ("\xED\xA0\x80"),
    NO ("\xED\xBF\xBF"), NO ("\xED\xA0\xBD\xED\xB2\xA9"), NO ("\xF4\x90\x80\x80"), NO ("\xF5\x80"),
    NO ("\xF8\x88\x80\x80\x80"), NO ("\xFC\x84\x80\x80\x80\x80"), NO ("\xFE"), NO ("\xFF\xFEx"),
    NO ("\x80"), NO ("a\x80x"), NO ("\xBF\xBF"), NO ("\xC3"), NO ("a\xE2\x82"), NO ("\xF0\x9F"),
    NO ("\xF0\x9F\x92"), NO ("\xE2\n\x80"), NO ("\xE2\x80\"\xAE"), NO ("a\xFF"), NO ("\xE9t\xE9")};

#define INJECTION_COUNT (sizeof injections / sizeof injections[0])

_Static_assert(INJECTION_COUNT >= 200, "at least 200 names");

#undef NO
#undef OK

#endif
